using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Tidegate.Grains.Activation;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>Activation against those who have no business with it: guessing, replaying, and sessions that are left behind (M4.1 to M4.5).</summary>
[Collection(GrainCollection.Name)]
public sealed class ActivationGuessTests(GrainCluster cluster)
{
    private const int Guesses = 100_000;
    private static readonly GatewayMetadata Metadata = new("host", "linux", "box", "1.0.0", ["192.0.2.1"]);

    [Fact]
    public void M4_1_None_of_100000_guessed_keys_names_a_session_that_is_open_nor_does_a_key_with_one_character_changed()
    {
        var open = Enumerable.Range(0, 1000).Select(static _ => ActivationKeyText.New()).ToArray();
        var sessions = open.Select(static key => ActivationKeyText.SessionIdOfTyped(key)!).ToHashSet(StringComparer.Ordinal);
        for (var guess = 0; guess < Guesses; guess++) Assert.DoesNotContain(ActivationKeyText.SessionIdOfTyped(ActivationKeyText.New())!, sessions);
        foreach (var key in open.Take(10))
        {
            for (var at = 0; at < key.Length; at++)
            {
                foreach (var digit in "0123456789ABCDEFGHJKMNPQRSTVWXYZ".Where(digit => digit != key[at] && key[at] != '-'))
                {
                    var near = ActivationKeyText.SessionIdOfTyped(key[..at] + digit + key[(at + 1)..]);
                    Assert.True(near is null || !sessions.Contains(near) || near == ActivationKeyText.SessionIdOfTyped(key), $"{near} is open");
                    Assert.NotEqual(ActivationKeyText.SessionIdOfTyped(key), near);
                }
            }
        }
    }

    [Fact]
    public void M4_4_Of_100000_guesses_in_a_day_3000_are_looked_at()
    {
        var (window, now, looked) = (new FailureWindow(ClaimLimiterGrain.MaxFailures, TimeSpan.FromMinutes(10)), DateTimeOffset.UnixEpoch, 0);
        for (var guess = 0; guess < Guesses; guess++)
        {
            now += TimeSpan.FromDays(1) / Guesses;
            if (window.IsBlocked(now)) continue;
            looked++;
            window.Failed(now);
        }

        // 144 windows of ten minutes: 2,880 of 2^128 keys.
        Assert.InRange(looked, 1, 144 * ClaimLimiterGrain.MaxFailures + ClaimLimiterGrain.MaxFailures);
    }

    [Fact]
    public async Task M4_4_A_thousand_guesses_through_the_grains_end_at_the_limiter_and_in_the_same_words()
    {
        var account = await cluster.NewAccountAsync();
        var answers = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var guess = 0; guess < 1000; guess++)
        {
            var session = cluster.Grains.GetGrain<IActivationSessionGrain>(ActivationKeyText.SessionIdOfTyped(ActivationKeyText.New())!);
            Func<Task<object>> attempt = guess % 2 == 0 ? async () => await session.Preview() : async () => await session.Claim("guess", "Etc/UTC");
            var refused = await Assert.ThrowsAsync<TidegateException>(() => GrainCluster.As(GrainCluster.Tenant(account), attempt));
            var answer = $"{refused.Code}: {refused.Message}";
            answers[answer] = answers.GetValueOrDefault(answer) + 1;
        }

        Assert.Equal(2, answers.Count);
        Assert.Equal(ClaimLimiterGrain.MaxFailures, answers.Single(answer => answer.Key.StartsWith(ErrorCodes.ActivationKeyNotFound, StringComparison.Ordinal)).Value);
    }

    [Fact]
    public async Task M4_3_What_was_said_once_is_worth_nothing_said_again_by_somebody_else()
    {
        var (owner, thief) = (await cluster.NewAccountAsync(), await cluster.NewAccountAsync());
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = ActivationKeyText.New();
        var id = ActivationKeyText.SessionIdOfTyped(key)!;
        var session = cluster.Grains.GetGrain<IActivationSessionGrain>(id);
        var publicKey = pair.ExportSubjectPublicKeyInfo();
        await session.Begin(publicKey, Metadata);
        // Begin again, word for word: the session that there is stays what it is.
        await GrainCluster.RefusedAsync(() => session.Begin(publicKey, Metadata), ErrorCodes.ActivationKeyInvalid);
        var claim = await GrainCluster.As(GrainCluster.Tenant(owner), () => session.Claim("site", "Etc/UTC"));
        await GrainCluster.RefusedAsync(() => GrainCluster.As(GrainCluster.Tenant(thief), () => session.Claim("site", "Etc/UTC")), ErrorCodes.ActivationKeyNotFound);
        await GrainCluster.RefusedAsync(() => GrainCluster.As(GrainCluster.Tenant(owner), () => session.Claim("another-site", "Etc/UTC")), ErrorCodes.ActivationKeyInvalid);
        // A poll that was recorded at another session says nothing here.
        var poll = pair.SignData(Encoding.ASCII.GetBytes("tidegate-poll:" + new string('0', 64)), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        await GrainCluster.RefusedAsync(() => session.Poll(poll), ErrorCodes.ActivationKeyNotFound);
        var request = new CertificateRequest("CN=any", pair, HashAlgorithmName.SHA256).CreateSigningRequest();
        using var another = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await GrainCluster.RefusedAsync(
            () => session.Issue(new CertificateRequest("CN=any", another, HashAlgorithmName.SHA256).CreateSigningRequest(), key), ErrorCodes.ActivationKeyInvalid);
        await GrainCluster.RefusedAsync(() => session.Issue(request, ActivationKeyText.New()), ErrorCodes.ActivationKeyInvalid);
        var issued = await session.Issue(request, key);
        // The same request again gives the same certificate, which is of use to the key pair alone; no other is made.
        Assert.Equal(issued, await session.Issue(request, key));
        Assert.Single(GrainCluster.Publisher.KindsOf(id), "activation.issued");
        Assert.Equal("site", (await GrainCluster.As(GrainCluster.Tenant(owner), cluster.Grains.GetGrain<IGatewayGrain>(claim.GatewayId).Describe)).Name);
    }

    [Fact]
    public async Task M4_1_A_session_that_nobody_claimed_is_collected_and_its_key_is_as_if_it_had_never_been()
    {
        var account = await cluster.NewAccountAsync();
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = ActivationKeyText.New();
        var id = ActivationKeyText.SessionIdOfTyped(key)!;
        var session = cluster.Grains.GetGrain<IActivationSessionGrain>(id);
        await session.Begin(pair.ExportSubjectPublicKeyInfo(), Metadata);
        await GrainCluster.RefusedAsync(() => session.Begin(pair.ExportSubjectPublicKeyInfo(), Metadata), ErrorCodes.ActivationKeyInvalid);
        GrainCluster.Clock.Advance(ActivationMachine.LivesFor);
        await cluster.SettleAsync(id, "activation");
        await GrainCluster.RefusedAsync(() => GrainCluster.As(GrainCluster.Tenant(account), session.Preview), ErrorCodes.ActivationKeyNotFound);
        // Nothing is kept of it: even its id could begin anew.
        await session.Begin(pair.ExportSubjectPublicKeyInfo(), Metadata);
    }
}
