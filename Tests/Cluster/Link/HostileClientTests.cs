using Microsoft.Extensions.Time.Testing;
using Orleans.Core.Internal;
using Tidegate.Client.Grain;
using Tidegate.Client.Grain.Agents;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>
/// Layers 3 and 4 against Orleans' own client in the wrong hands: a valid certificate, a valid link, and calls that are
/// not its to make. A refused call ends the call; what the frame guard refuses ends the link.
/// </summary>
[Collection(GuardedCollection.Name)]
public sealed class HostileClientTests(GuardedSilo silo)
{
    private const int Refused = 3101;

    [Fact]
    public async Task Management_is_not_reached_and_costs_the_link()
    {
        await using var victim = await LinkedAgent.ConnectAsync(silo);
        await using var hostile = await LinkedAgent.ConnectAsync(silo);
        var call = hostile.Link.Client.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true);
        await hostile.Link.Lost.OrHungAsync();
        await silo.Log.SeenAsync(3001, $"gateway {hostile.Gateway.GatewayId}");
        Assert.False(call.IsCompletedSuccessfully);
        _ = call.ContinueWith(static over => over.Exception, TaskScheduler.Default);
        await victim.WorksAsync();
    }

    [Fact]
    public async Task Another_gateways_grain_answers_nothing()
    {
        await using var victim = await LinkedAgent.ConnectAsync(silo);
        await using var hostile = await LinkedAgent.ConnectAsync(silo);
        var foreign = hostile.Link.Client.GetGrain<IGatewayLinkGrain>(victim.Gateway.GatewayId);
        await Refusal.OfCallAsync(() => foreign.Heartbeat(new LinkHeartbeat(victim.Generation, 1, 0, [])));
        await Refusal.OfCallAsync(() => foreign.Register(hostile.Link.Client.CreateObjectReference<IGatewayObserver>(hostile), victim.Generation));
        await Refusal.OfCallAsync(() => foreign.Report(new RequestReport("req-00000000000000000001", victim.Generation, true, 1, "", "", null)));
        await Refusal.OfCallAsync(async () =>
        {
            await foreach (var _ in foreign.Open(new LinkHello(hostile.Link.ClientId, "1", "1", 0))) break;
        });
        // A gateway that does not exist is refused in the same words.
        await Refusal.OfCallAsync(() => hostile.Link.Client.GetGrain<IGatewayLinkGrain>("gw-00000000000000000000").Heartbeat(new LinkHeartbeat(1, 1, 0, [])));
        await hostile.WorksAsync();
        await victim.WorksAsync();
    }

    [Fact]
    public async Task The_services_own_side_of_a_gateway_is_closed_even_to_that_gateway()
    {
        await CostsTheLinkAsync(static own => own.Deactivate());
        await CostsTheLinkAsync(static own => own.Describe());
        await CostsTheLinkAsync(static own => own.RecordCertificate("AB", DateTimeOffset.MaxValue));
        await CostsTheLinkAsync(static own => own.AttachVolume(new VolumeAttachment("vol-00000000000000000001", "v", 1 << 20, "")));
    }

    [Fact]
    public async Task A_claim_in_the_request_context_is_replaced_by_what_the_token_proves()
    {
        await using var victim = await LinkedAgent.ConnectAsync(silo);
        await using var hostile = await LinkedAgent.ConnectAsync(silo);
        foreach (var claim in new[] { new Caller(Role.Operator, "", "", "operator"), victim.Gateway.Caller })
        {
            RequestContext.Set(Caller.ContextKey, claim);
            await Refusal.OfCallAsync(() => hostile.Link.Client.GetGrain<IGatewayLinkGrain>(victim.Gateway.GatewayId).Heartbeat(new LinkHeartbeat(victim.Generation, 1, 0, [])));
        }
        RequestContext.Clear();
        await victim.WorksAsync();
        await hostile.WorksAsync();
    }

    [Fact]
    public async Task Extensions_are_closed_but_for_an_enumerations_owner()
    {
        await using var agent = await LinkedAgent.ConnectAsync(silo);
        // What nobody began is over on the gateway's own grain, as after its move; on another one nothing is said.
        var enumerations = agent.Grain.AsReference<IAsyncEnumerableGrainExtension>();
        await Assert.ThrowsAsync<EnumerationAbortedException>(() => enumerations.MoveNext<LinkFrame>(Guid.NewGuid()).AsTask());
        var foreign = agent.Link.Client.GetGrain<IGatewayLinkGrain>((await silo.NewGatewayAsync()).GatewayId).AsReference<IAsyncEnumerableGrainExtension>();
        await Refusal.OfCallAsync(() => foreign.MoveNext<LinkFrame>(Guid.NewGuid()).AsTask());
        await agent.WorksAsync();
        await CostsTheLinkAsync(static own => own.AsReference<IGrainManagementExtension>().DeactivateOnIdle().AsTask());
    }

    [Fact]
    public async Task Values_of_types_that_no_contract_holds_do_not_come_as_far_as_a_decoder()
    {
        // Orleans itself knows all of these; the second one it would even look for by name among all assemblies.
        foreach (var hostile in new object[] { new Dictionary<string, object> { ["a"] = 1 }, new System.Xml.XmlException("x"), new HashSet<int>([1]), typeof(string) })
        {
            await CostsTheLinkAsync(own =>
            {
                RequestContext.Set("anything", hostile);
                return own.AsReference<IGatewayLinkGrain>().Heartbeat(new LinkHeartbeat(1, 1, 0, []));
            });
        }
    }

    [Fact]
    public async Task Grains_of_no_open_contract_are_not_reached()
    {
        await using var victim = await LinkedAgent.ConnectAsync(silo);
        await using var hostile = await LinkedAgent.ConnectAsync(silo);
        var call = hostile.Link.Client.GetGrain<IAccountGrain>(hostile.Gateway.AccountId).Describe();
        await hostile.Link.Lost.OrHungAsync();
        Assert.False(call.IsCompletedSuccessfully);
        _ = call.ContinueWith(static over => over.Exception, TaskScheduler.Default);
        await victim.WorksAsync();
    }

    [Theory, InlineData("none"), InlineData("forged"), InlineData("stolen"), InlineData("another client id")]
    public async Task A_token_counts_unforged_and_with_its_own_client_id_alone(string kind)
    {
        await using var victim = await LinkedAgent.ConnectAsync(silo);
        var gateway = await silo.NewGatewayAsync();
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var client = new LinkClient(new GrainLinkOptions
        {
            Addresses = new DiscoveryAddresses(silo.AgentsUrl),
            CaCertificates = silo.Roots,
            ClientCertificate = gateway.Certificate,
            AgentVersion = "1.0.0",
            TimeProvider = clock,
        });
        var good = await DiscoverAsync(gateway, client.ClientId);
        await client.ConnectAsync(good, good.Endpoints[0], default);
        var grain = client.Cluster.GetGrain<IGatewayLinkGrain>(gateway.GatewayId);
        await Assert.ThrowsAsync<Tidegate.Grains.Interfaces.Errors.TidegateException>(() => grain.Heartbeat(new LinkHeartbeat(1, 1, 0, [])));

        var bad = good with
        {
            Token = kind switch
            {
                "none" => "",
                "forged" => good.Token.Reveal()[..^1] + (good.Token.Reveal()[^1] == 'A' ? 'Q' : 'A'),
                "stolen" => (await DiscoverAsync(victim.Gateway, victim.Link.ClientId)).Token,
                _ => (await DiscoverAsync(gateway, LinkClientId.New(gateway.GatewayId))).Token,
            },
        };
        using var stop = new CancellationTokenSource();
        var renewal = client.Tokens!.RenewAsync(_ => Task.FromResult(bad), stop.Token);
        clock.Advance(TimeSpan.FromMinutes(4));
        await ReplacedAsync(client.Tokens, bad.Token.Reveal());
        await Refusal.OfCallAsync(() => grain.Heartbeat(new LinkHeartbeat(1, 1, 0, [])));
        var key = kind == "stolen" ? victim.Gateway.GatewayId : gateway.GatewayId;
        await Refusal.OfCallAsync(() => client.Cluster.GetGrain<IGatewayLinkGrain>(key).Heartbeat(new LinkHeartbeat(1, 1, 0, [])));
        await silo.Log.SeenAsync(Refused, $"client {client.ClientId}");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => renewal);
        await victim.WorksAsync();
    }

    [Fact]
    public async Task Discovery_gives_nothing_to_whom_it_does_not_know()
    {
        var gateway = await silo.NewGatewayAsync();
        using var unknown = await GuardedSilo.IssueAsync(silo.Authority, gateway.AccountId, gateway.GatewayId);
        await Refusal.OfDiscoveryAsync(silo, unknown, "Forbidden");
        using var server = silo.Authority.IssueServerCertificate([]);
        await Assert.ThrowsAsync<Tidegate.Grains.Interfaces.Errors.TidegateException>(() => GrainLink.ConnectAsync(silo.LinkOptions(server), default));
        await Assert.ThrowsAsync<Tidegate.Grains.Interfaces.Errors.TidegateException>(() => DiscoverAsync(gateway, "hosted-127.0.0.1"));
        await Assert.ThrowsAsync<Tidegate.Grains.Interfaces.Errors.TidegateException>(() => DiscoverAsync(gateway, LinkClientId.New("gw-00000000000000000001")));
    }

    /// <summary>The call is one that no agent makes: its frame is a breach.</summary>
    private async Task CostsTheLinkAsync(Func<IGatewayGrain, Task> call)
    {
        var gateway = await silo.NewGatewayAsync();
        await using var link = await GrainLink.ConnectAsync(silo.LinkOptions(gateway.Certificate), TestContext.Current.CancellationToken);
        var made = call(link.Client.GetGrain<IGatewayGrain>(gateway.GatewayId));
        await link.Lost.OrHungAsync();
        await silo.Log.SeenAsync(3001, $"gateway {gateway.GatewayId}");
        Assert.Contains(silo.Log.Texts(3001), text => text.Contains(gateway.GatewayId, StringComparison.Ordinal) && text.Contains("open to no client", StringComparison.Ordinal));
        Assert.False(made.IsCompletedSuccessfully);
        _ = made.ContinueWith(static over => over.Exception, TaskScheduler.Default);
    }

    private async Task<LinkDiscoveryReply> DiscoverAsync(TestGateway gateway, string clientId)
    {
        using var discovery = new LinkDiscovery(new DiscoveryAddresses(silo.AgentsUrl), silo.Roots, gateway.Certificate, TimeSpan.FromSeconds(10), TimeProvider.System);
        return await discovery.DiscoverAsync(new LinkDiscoveryRequest(clientId, LinkWire.Version, "1.0.0"), default);
    }

    private static async Task ReplacedAsync(LinkTokenSource tokens, string token)
    {
        for (var turn = 0; tokens.Current != token; turn++)
        {
            Assert.True(turn < 1_000_000, "the token was not replaced");
            await Task.Yield();
        }
    }
}
