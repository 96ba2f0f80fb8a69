using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography;
using System.Text;
using Tidegate.Grains.Activation;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Security;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

[Collection(GrainCollection.Name)]
public sealed class ActivationTests(GrainCluster cluster)
{
    private static readonly GatewayMetadata Metadata = new("host", "linux", "box", "1.0.0", ["192.0.2.1"]);

    [Fact]
    public async Task Mission_4_An_agent_becomes_a_gateway_of_the_account_that_claims_it()
    {
        var account = await cluster.NewAccountAsync();
        using var agent = new Agent(cluster);
        await agent.BeginAsync();
        var preview = await GrainCluster.As(GrainCluster.Tenant(account), agent.Session.Preview);
        Assert.Equal("host", preview.Metadata.HostName);
        Assert.Null(await agent.PollAsync());
        var claim = await agent.ClaimAsync(account, "branch-office");
        Assert.Equal(claim, await agent.PollAsync());
        var certificate = await agent.IssueAsync();
        Assert.Equal(certificate, await agent.IssueAsync());
        var gateway = cluster.Grains.GetGrain<IGatewayGrain>(claim.GatewayId);
        Assert.True(await gateway.IsCertificateValid(CertificateThumbprint.OfPem(certificate.CertificatePem)));
        Assert.Equal("branch-office", (await GrainCluster.As(GrainCluster.Tenant(account), gateway.Describe)).Name);
        Assert.Equal(["activation.begun", "activation.claimed", "activation.issued"], GrainCluster.Publisher.KindsOf(agent.SessionId));
    }

    [Fact]
    public async Task M4_4_Of_100_parallel_claims_exactly_one_wins()
    {
        var accounts = new List<string>();
        for (var i = 0; i < 10; i++) accounts.Add(await cluster.NewAccountAsync());
        using var agent = new Agent(cluster);
        await agent.BeginAsync();
        var claims = await Task.WhenAll(Enumerable.Range(0, 100).Select(async number =>
        {
            try
            {
                return await agent.ClaimAsync(accounts[number % accounts.Count], "claim-" + number);
            }
            catch (TidegateException refused) when (refused.Code is ErrorCodes.ActivationKeyNotFound or ErrorCodes.ActivationKeyInvalid)
            {
                return null;
            }
        }));
        var winner = Assert.Single(claims, claim => claim is not null)!;
        Assert.Equal(winner, await agent.PollAsync());
        Assert.Equal(winner, await agent.ClaimAsync(winner.AccountId, winner.Name));
    }

    [Fact]
    public async Task M4_4_Unknown_expired_and_foreign_keys_look_alike()
    {
        var (owner, stranger) = (await cluster.NewAccountAsync(), await cluster.NewAccountAsync());
        using var claimed = new Agent(cluster);
        await claimed.BeginAsync();
        await claimed.ClaimAsync(owner, "mine");
        using var unknown = new Agent(cluster);
        using var expired = new Agent(cluster);
        await expired.BeginAsync();
        GrainCluster.Clock.Advance(ActivationMachine.LivesFor);
        var answers = new List<string>();
        foreach (var agent in new[] { unknown, expired })
            answers.Add((await GrainCluster.RefusedAsync(() => agent.ClaimAsync(stranger, "theirs"), ErrorCodes.ActivationKeyNotFound)).Message);
        using var fresh = new Agent(cluster);
        await fresh.BeginAsync();
        await fresh.ClaimAsync(owner, "mine-too");
        answers.Add((await GrainCluster.RefusedAsync(() => fresh.ClaimAsync(stranger, "theirs"), ErrorCodes.ActivationKeyNotFound)).Message);
        Assert.Single(answers.Distinct());
    }

    [Fact]
    public async Task M4_3_The_credential_goes_only_to_the_key_pair_that_began()
    {
        var account = await cluster.NewAccountAsync();
        using var agent = new Agent(cluster);
        using var thief = new Agent(cluster, agent.Key);
        await agent.BeginAsync();
        await GrainCluster.RefusedAsync(() => thief.BeginAsync(), ErrorCodes.ActivationKeyInvalid);
        await agent.ClaimAsync(account, "mine");
        await GrainCluster.RefusedAsync(() => thief.PollAsync(), ErrorCodes.ActivationKeyNotFound);
        await GrainCluster.RefusedAsync(() => thief.IssueAsync(), ErrorCodes.ActivationKeyInvalid);
    }

    [Fact]
    public async Task M3_7_A_name_in_use_is_refused_and_the_key_stays_good()
    {
        var account = await cluster.NewAccountAsync();
        using var first = new Agent(cluster);
        using var second = new Agent(cluster);
        await first.BeginAsync();
        await second.BeginAsync();
        await first.ClaimAsync(account, "Office");
        await GrainCluster.RefusedAsync(() => second.ClaimAsync(account, "office"), ErrorCodes.NameInUse);
        await second.ClaimAsync(account, "office-2");
    }

    [Fact]
    public async Task M4_4_Guessing_is_limited_per_account()
    {
        var account = await cluster.NewAccountAsync();
        for (var i = 0; i < ClaimLimiterGrain.MaxFailures; i++)
        {
            using var unknown = new Agent(cluster);
            await GrainCluster.RefusedAsync(() => unknown.ClaimAsync(account, "guess"), ErrorCodes.ActivationKeyNotFound);
        }

        using var good = new Agent(cluster);
        await good.BeginAsync();
        await GrainCluster.RefusedAsync(() => good.ClaimAsync(account, "mine"), ErrorCodes.RateLimited);
        GrainCluster.Clock.Advance(TimeSpan.FromMinutes(10));
        await good.ClaimAsync(account, "mine");
    }

    [Fact]
    public async Task M4_2_A_crash_at_any_save_resumes_without_a_new_claim()
    {
        foreach (var fault in new[] { StorageFault.Lost, StorageFault.Unanswered, StorageFault.Overtaken })
        {
            for (var save = 0; ; save++)
            {
                var account = await cluster.NewAccountAsync();
                using var agent = new Agent(cluster);
                await agent.BeginAsync();
                GrainCluster.Faults.Plan(agent.SessionId, [.. Enumerable.Repeat(StorageFault.None, save), fault]);
                var claim = await UntilDoneAsync<ActivationClaim>(async () => await agent.ClaimAsync(account, "office"));
                Assert.Equal(claim, await UntilDoneAsync(() => agent.PollAsync()));
                var certificate = await UntilDoneAsync<IssuedCertificate>(async () => await agent.IssueAsync());
                var gateway = cluster.Grains.GetGrain<IGatewayGrain>(claim!.GatewayId);
                Assert.True(await gateway.IsCertificateValid(CertificateThumbprint.OfPem(certificate!.CertificatePem)));
                Assert.Equal(claim, await agent.ClaimAsync(account, "office"));
                Assert.Equal(["activation.begun", "activation.claimed", "activation.issued"], GrainCluster.Publisher.KindsOf(agent.SessionId));
                // Once the plan reaches past the last save of the whole flow, every save has had its crash.
                if (GrainCluster.Faults.IsSpent(agent.SessionId)) continue;
                Assert.InRange(save, 3, 8);
                break;
            }
        }
    }

    private static async Task<T?> UntilDoneAsync<T>(Func<Task<T?>> call)
        where T : class
    {
        for (var attempt = 0; attempt < 5; attempt++)
        {
            try
            {
                if (await call() is { } result) return result;
            }
            catch (TidegateException failure) when (failure.Code == ErrorCodes.Unavailable)
            {
                // As agent and customer would: try again.
            }
        }

        return null;
    }

    private sealed class Agent(GrainCluster cluster, string? key = null) : IDisposable
    {
        private readonly ECDsa _pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        public string Key { get; } = key ?? ActivationKeyText.New();

        public string SessionId => ActivationKeyText.SessionIdOfTyped(Key)!;

        public IActivationSessionGrain Session => cluster.Grains.GetGrain<IActivationSessionGrain>(SessionId);

        public Task BeginAsync() => Session.Begin(_pair.ExportSubjectPublicKeyInfo(), Metadata);

        public Task<ActivationClaim> ClaimAsync(string account, string name) =>
            GrainCluster.As(GrainCluster.Tenant(account), () => Session.Claim(name, "Etc/UTC"));

        public Task<ActivationClaim?> PollAsync() => Session.Poll(_pair.SignData(
            Encoding.ASCII.GetBytes("tidegate-poll:" + SessionId), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));

        public Task<IssuedCertificate> IssueAsync() =>
            Session.Issue(new CertificateRequest("CN=any", _pair, HashAlgorithmName.SHA256).CreateSigningRequest(), Key);

        public void Dispose() => _pair.Dispose();
    }
}
