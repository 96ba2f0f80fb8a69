using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using Tidegate.Client.Developers;
using Tidegate.Client.Grain;
using Tidegate.Client.Grain.Agents;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Tenants;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>A developer with a valid API key and certificate, who tries what is not his.</summary>
[Collection(GuardedCollection.Name)]
public sealed class HostileDeveloperTests(GuardedSilo silo)
{
    [Fact]
    public async Task What_is_agents_or_the_services_own_costs_the_connection_and_stands_in_the_keys_chain()
    {
        await using var victim = await LinkedAgent.ConnectAsync(silo);
        var developer = await TestDeveloper.NewAsync(silo, victim.Gateway.AccountId);
        foreach (var call in new Func<IClusterClient, Task>[]
        {
            // Of his own account's gateway, even.
            client => client.GetGrain<IGatewayLinkGrain>(victim.Gateway.GatewayId).Heartbeat(new LinkHeartbeat(1, 1, 0, [])),
            client => client.GetGrain<IVolumeDataGrain>(ResourceId.New(ResourceKind.Volume)).GetImage(),
            client => client.GetGrain<IVolumeGrain>(ResourceId.New(ResourceKind.Volume)).PinForClone("", ""),
            client => client.GetGrain<IAccountGrain>(developer.AccountId).Create("x"),
            client => client.GetGrain<IApiKeyGrain>(developer.KeyId).Create(developer.AccountId, new ApiKeyTerms("x", Role.AccountAdmin, null, [])),
            client => client.GetGrain<IManagementGrain>(0).GetHosts(),
            client => client.GetGrain<IVolumeGrain>("no id").Describe(),
        })
        {
            await using var client = await RawClient.ConnectAsync(developer);
            var made = call(client.Cluster);
            await client.Lost.OrHungAsync();
            Assert.False(made.IsCompletedSuccessfully);
            _ = made.ContinueWith(static over => over.Exception, TaskScheduler.Default);
        }

        await silo.Audit.PublishedAsync(developer.KeyId, "api-key.link-breached");
        Assert.DoesNotContain("gateway.link-breached", silo.Audit.KindsOf(victim.Gateway.GatewayId));
        await victim.WorksAsync();
    }

    [Fact]
    public async Task Another_accounts_grain_and_a_forged_or_stolen_token_are_refused_in_the_same_words()
    {
        var (mine, theirs) = (await TestDeveloper.NewAsync(silo, (await silo.NewGatewayAsync()).AccountId), await TestDeveloper.NewAsync(silo, (await silo.NewGatewayAsync()).AccountId));
        await using var client = await RawClient.ConnectAsync(mine);
        await using var other = await RawClient.ConnectAsync(theirs);
        Assert.NotEqual(default, await client.Cluster.GetGrain<ITenantGrain>(mine.AccountId).Ping());
        foreach (var account in new[] { theirs.AccountId, "999999999999" })
        {
            await Refusal.OfCallAsync(() => client.Cluster.GetGrain<ITenantGrain>(account).Ping());
            await Refusal.OfCallAsync(() => client.Cluster.GetGrain<IAccountGrain>(account).Describe());
        }

        RequestContext.Set(Caller.ContextKey, new Caller(Role.Operator, "", "", "operator"));
        await Refusal.OfCallAsync(() => client.Cluster.GetGrain<ITenantGrain>(theirs.AccountId).Ping());
        RequestContext.Clear();

        var good = client.Token;
        var body = good[..good.IndexOf('.', StringComparison.Ordinal)];
        foreach (var bad in new[] { "", other.Token, body + "." + new string('A', 43), good[..^1] + (good[^1] == 'A' ? 'Q' : 'A') })
        {
            await using var forged = await RawClient.ConnectAsync(mine, bad);
            await Refusal.OfCallAsync(() => forged.Cluster.GetGrain<ITenantGrain>(mine.AccountId).Ping());
            await Refusal.OfCallAsync(() => forged.Cluster.GetGrain<ITenantGrain>(theirs.AccountId).Ping());
        }
    }

    [Fact]
    public async Task No_certificate_announces_what_is_anothers_nor_serves_where_it_was_not_made_for()
    {
        await using var victim = await LinkedAgent.ConnectAsync(silo);
        var developer = await TestDeveloper.NewAsync(silo, victim.Gateway.AccountId);
        await using var first = await RawClient.ConnectAsync(developer);
        await using var second = await RawClient.ConnectAsync(developer);
        foreach (var (certificate, clientId) in new[]
        {
            (first.Certificate, second.ClientId), (first.Certificate, LinkClientId.New(developer.KeyId)), (first.Certificate, victim.Link.ClientId), (first.Certificate, "hosted-127.0.0.1"),
            (victim.Gateway.Certificate, first.ClientId),
        })
        {
            await using var raw = await RawLink.ConnectAsync(silo, certificate);
            await raw.PreambleAsync(RawLink.Client(clientId));
            Assert.Equal(0, await raw.ClosedAsync());
        }

        // The agents' listener does not know this kind, and the API gives tokens to the key that the certificate names alone.
        await Assert.ThrowsAsync<TidegateException>(() => GrainLink.ConnectAsync(silo.LinkOptions(first.Certificate), TestContext.Current.CancellationToken));
        using var api = new DeveloperApi((await TestDeveloper.NewAsync(silo, developer.AccountId)).Options);
        foreach (var (pem, clientId) in new[] { (first.Certificate.ExportCertificatePem(), first.ClientId), (victim.Gateway.Certificate.ExportCertificatePem(), victim.Link.ClientId), ("nonsense", first.ClientId) })
            Assert.Contains((await Assert.ThrowsAsync<TidegateException>(() => api.IssueTokenAsync(pem, clientId, TestContext.Current.CancellationToken))).Code, new[] { ErrorCodes.Forbidden, ErrorCodes.InvalidArgument });
        using var own = new DeveloperApi(developer.Options);
        await Assert.ThrowsAsync<TidegateException>(() => own.IssueTokenAsync(first.Certificate.ExportCertificatePem(), second.ClientId, TestContext.Current.CancellationToken));
        Assert.NotEqual(default, await first.Cluster.GetGrain<ITenantGrain>(developer.AccountId).Ping());
        await victim.WorksAsync();
    }

    /// <summary>Orleans' own client with a developer's credentials, without anything that <see cref="TidegateClient"/> keeps from being sent.</summary>
    private sealed class RawClient(LinkClient client, X509Certificate2 certificate, string token) : IAsyncDisposable
    {
        public IClusterClient Cluster => client.Cluster;

        public string ClientId => client.ClientId;

        public Task Lost => client.Lost;

        public X509Certificate2 Certificate => certificate;

        public string Token => token;

        public static async Task<RawClient> ConnectAsync(TestDeveloper developer, string? forgedToken = null)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var api = new DeveloperApi(developer.Options);
            var issued = await api.IssueCertificateAsync(new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256).CreateSigningRequest(), TestContext.Current.CancellationToken);
            using var bare = X509Certificate2.CreateFromPem(issued.CertificatePem);
            var certificate = bare.CopyWithPrivateKey(key);
            var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
            var client = new LinkClient(
                new GrainLinkOptions
                {
                    Addresses = new DiscoveryAddresses(developer.Silo.AgentsUrl),
                    CaCertificates = developer.Silo.Roots,
                    ClientCertificate = certificate,
                    AgentVersion = "",
                    TimeProvider = clock,
                },
                LinkClientId.OfKeyPair(developer.KeyId, certificate.PublicKey));
            var reply = await api.IssueTokenAsync(issued.CertificatePem, client.ClientId, TestContext.Current.CancellationToken);
            var token = reply.Token.Reveal();
            await client.ConnectAsync(reply, reply.Endpoints[0], TestContext.Current.CancellationToken);
            if (forgedToken is not null)
            {
                // As a renewal of its own would: the client's time is moved, and nothing else of the process waits for it.
                using var stop = new CancellationTokenSource();
                var renewal = client.Tokens!.RenewAsync(_ => Task.FromResult(reply with { Token = forgedToken }), stop.Token);
                clock.Advance(TimeSpan.FromMinutes(4));
                for (var turn = 0; client.Tokens.Current != forgedToken; turn++)
                {
                    Assert.True(turn < 1_000_000, "the token was not replaced");
                    await Task.Yield();
                }

                await stop.CancelAsync();
                await renewal.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            return new RawClient(client, certificate, token);
        }

        public async ValueTask DisposeAsync()
        {
            await client.DisposeAsync();
            certificate.Dispose();
        }
    }
}
