using System.Security.Cryptography;
using Tidegate.Client.Grain;
using Tidegate.Client.Grain.Agents;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Tests.Cluster.Grains;
using Xunit;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>
/// The holder is the silo that terminates the connection, wherever the gateway's grain lives; requests reach it by look-up and, when that
/// is wrong, by broadcast (M1.2, M1.4). Each way is tested with the other one made impossible.
/// </summary>
[Collection(GuardedPairCollection.Name)]
public sealed class HolderTests(GuardedPair pair) : IDisposable
{
    private const int Breach = 3001;

    [Fact]
    public async Task M1_2_The_holder_is_the_silo_of_the_socket_and_not_the_one_of_the_grain()
    {
        await using var agent = await ConnectAsync();
        Assert.Equal(pair.Second.Address.ToString(), agent.HolderSilo);
        await agent.WorksAsync();
    }

    [Fact]
    public async Task M1_4_By_look_up_alone_a_request_reaches_the_agent()
    {
        await using var agent = await ConnectAsync();
        pair.First.Registries.NoBroadcast = true;
        var broadcasts = pair.First.Registries.Broadcasts;
        await agent.DescribeAsync();
        Assert.Equal((1, broadcasts), (agent.Deliveries, pair.First.Registries.Broadcasts));
    }

    [Fact]
    public async Task M1_4_By_broadcast_alone_a_request_reaches_the_agent_once()
    {
        await using var agent = await ConnectAsync();
        await RegisterWronglyAsync(agent);
        var broadcasts = pair.First.Registries.Broadcasts;
        await agent.DescribeAsync();
        Assert.Equal((1, broadcasts + 1), (agent.Deliveries, pair.First.Registries.Broadcasts));
    }

    [Fact]
    public async Task M1_8_With_neither_way_the_caller_is_told_within_a_second()
    {
        await using var agent = await ConnectAsync();
        await RegisterWronglyAsync(agent);
        pair.First.Registries.NoBroadcast = true;
        await GrainCluster.RefusedAsync(() => agent.DescribeAsync().WaitAsync(TimeSpan.FromSeconds(1)), ErrorCodes.GatewayNotConnected);
        Assert.Equal(0, agent.Deliveries);
    }

    [Fact]
    public async Task A_silo_that_does_not_own_the_socket_delivers_nothing()
    {
        await using var agent = await ConnectAsync();
        var request = new DescribeRequest { RequestId = ResourceId.New(ResourceKind.Request), ValidFor = TimeSpan.FromSeconds(5) };
        Assert.Null(await pair.Second.Registries.DeliverAsync(pair.First.Address, agent.Gateway.GatewayId, agent.Link.ClientId, agent.Reference, request));
        Assert.Null(await pair.First.Registries.DeliverAsync(pair.Second.Address, "gw-00000000000000000001", agent.Link.ClientId, agent.Reference, request));
        Assert.Equal(0, agent.Deliveries);
    }

    [Fact]
    public async Task A_grain_that_starts_anew_finds_the_holder_by_broadcast_when_the_agent_opens_again()
    {
        await using var agent = await ConnectAsync();
        await pair.First.Grains.GetGrain<IGatewayGrain>(agent.Gateway.GatewayId).AsReference<Orleans.Core.Internal.IGrainManagementExtension>().DeactivateOnIdle();
        await agent.EndedAsync();
        await agent.ReopenAsync();
        Assert.Equal(pair.Second.Address.ToString(), agent.HolderSilo);
        await agent.WorksAsync();
    }

    [Fact]
    public async Task The_end_of_an_older_connection_changes_nothing_for_a_newer_one_with_its_client_id()
    {
        await using var agent = await ConnectAsync();
        var grain = pair.First.Grains.GetGrain<IGatewayGrain>(agent.Gateway.GatewayId);
        var older = await BindAsync(agent, pair.Second.Address, agent.Link.ClientId);
        var newer = await BindAsync(agent, pair.Second.Address, agent.Link.ClientId);
        Assert.True(newer.Generation > older.Generation);
        await grain.ReleaseConnection(agent.Link.ClientId, older.Generation);
        await agent.WorksAsync();
        await grain.ReleaseConnection(agent.Link.ClientId, newer.Generation);
        await GrainCluster.RefusedAsync(agent.DescribeAsync, ErrorCodes.GatewayNotConnected);
    }

    [Fact]
    public async Task A_hello_names_the_client_that_its_token_and_its_connection_are_of()
    {
        await using var agent = await ConnectAsync();
        await GrainCluster.RefusedAsync(() => FirstFrameAsync(agent, LinkClientId.New(agent.Gateway.GatewayId)), ErrorCodes.Forbidden);
        await RegisterWronglyAsync(agent);
        await GrainCluster.RefusedAsync(() => FirstFrameAsync(agent, agent.Link.ClientId), ErrorCodes.InvalidState);
    }

    [Fact]
    public async Task A_client_id_cannot_be_taken_at_another_silo_by_another_gateway_nor_by_another_certificate_of_its_own()
    {
        await using var victim = await ConnectAsync();
        await using var foreign = await RawLink.ConnectAsync(pair.First, (await pair.First.NewGatewayAsync()).Certificate);
        await foreign.PreambleAsync(RawLink.Client(victim.Link.ClientId));
        Assert.Equal(0, await foreign.ClosedAsync());
        await pair.First.Log.SeenAsync(Breach, $"client id {victim.Link.ClientId}, which is not its gateway's");

        using var renewed = await GuardedSilo.IssueAsync(pair.First.Authority, victim.Gateway.AccountId, victim.Gateway.GatewayId);
        await pair.First.Grains.GetGrain<IGatewayGrain>(victim.Gateway.GatewayId)
            .RecordCertificate(renewed.GetCertHashString(HashAlgorithmName.SHA256), DateTimeOffset.MaxValue);
        await using var own = await RawLink.ConnectAsync(pair.First, renewed);
        await own.PreambleAsync(RawLink.Client(victim.Link.ClientId));
        Assert.Equal(0, await own.ClosedAsync());
        await pair.First.Log.SeenAsync(Breach, "another certificate's client id");
        await victim.WorksAsync();
    }

    [Fact]
    public async Task M1_7_The_holder_closes_a_connection_that_lost_to_a_newer_one_whatever_its_agent_does()
    {
        await using var older = await ConnectAsync();
        await using var newer = await LinkedAgent.ConnectAsync(pair.Second, older.Gateway);
        await older.Link.Lost.WaitAsync(TimeSpan.FromSeconds(10));
        await newer.WorksAsync();
    }

    [Fact]
    public async Task Discovery_offers_every_silo_and_where_else_to_ask()
    {
        var gateway = await pair.First.NewGatewayAsync();
        using var discovery = new LinkDiscovery(new DiscoveryAddresses(pair.First.AgentsUrl), pair.First.Roots, gateway.Certificate, TimeSpan.FromSeconds(10), TimeProvider.System);
        var reply = await discovery.DiscoverAsync(new LinkDiscoveryRequest(LinkClientId.New(gateway.GatewayId), LinkWire.Version, "1.0.0"), default);
        Assert.Equal(
            new[] { pair.First, pair.Second }.Select(silo => (silo.LinkPort.ToString(), silo.AgentsUrl.ToString())).Order(),
            reply.Endpoints.Select(endpoint => (endpoint.Advertised, endpoint.AgentsUrl)).Order());
    }

    public void Dispose() => pair.First.Registries.NoBroadcast = false;

    /// <summary>An agent on the second silo, its gateway's grain on the first.</summary>
    private async Task<LinkedAgent> ConnectAsync() =>
        await LinkedAgent.ConnectAsync(pair.Second, await pair.First.NewGatewayAsync(on: pair.First.Address));

    /// <summary>A newer connection is registered that is not there: what is known of the holder is of no use.</summary>
    private Task<LinkHolding> RegisterWronglyAsync(LinkedAgent agent) => BindAsync(agent, pair.First.Address, LinkClientId.New(agent.Gateway.GatewayId));

    private async Task<LinkHolding> BindAsync(LinkedAgent agent, SiloAddress silo, string clientId)
    {
        var thumbprint = agent.Gateway.Certificate.GetCertHashString(HashAlgorithmName.SHA256);
        var bound = await pair.First.Grains.GetGrain<IGatewayGrain>(agent.Gateway.GatewayId).BindConnection(silo, thumbprint, clientId);
        Assert.NotNull(bound);
        return bound;
    }

    private static async Task FirstFrameAsync(LinkedAgent agent, string clientId)
    {
        await foreach (var _ in agent.Grain.Open(new LinkHello(clientId, "1.0.0", "i", 0))) break;
    }
}
