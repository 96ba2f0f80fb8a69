using Tidegate.Grains.Gateways;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Waking;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>Presence leases, kept and expired by shards (<c>docs/protocols/management.md</c>).</summary>
[Collection(GrainCollection.Name)]
public sealed class PresenceTests(GrainCluster cluster)
{
    [Fact]
    public async Task M1_6_A_shard_expires_the_lease_of_a_holder_that_is_gone_and_the_loss_is_saved()
    {
        // As a silo leaves it that dies with the link: saved as connected, its lease running, no activation anywhere.
        var gateway = Gateway(ResourceId.New(ResourceKind.Gateway));
        await SaveAsync(gateway, state => state with { AccountId = "123456789012", Generation = 3, IsConnected = true });
        Assert.True(await Shard(gateway).RenewLease(gateway, 3));
        GrainCluster.Clock.Advance(WakeShards.LeaseTerm);
        await GrainCluster.Publisher.PublishedAsync(gateway.Key.ToString()!, "gateway.lost");
        Assert.False((await SavedAsync(gateway)).IsConnected);
    }

    [Fact]
    public async Task M1_7_A_holder_whose_lease_another_activation_has_ends_its_link_with_the_next_ping()
    {
        await using var agent = await GatewayUnderTest.NewAsync(cluster);
        await agent.ConnectAsync();
        var gateway = Gateway(agent.GatewayId);
        await agent.FrameAsync<LinkPing>(_ => true);
        // Before the newer link is there: the holder may learn of it while the lease of this very ping is renewed.
        await agent.AnswerAsync(1);
        await SaveAsync(gateway, state => state with { Generation = 2 });
        Assert.True(await Shard(gateway).RenewLease(gateway, 2));
        GrainCluster.Clock.Advance(LinkMachine.LongestInterval);
        await agent.FrameAsync<LinkSuperseded>(_ => true);
        await agent.EndedAsync();
        var saved = await SavedAsync(gateway);
        Assert.True(saved.IsConnected);
        Assert.Equal(2, saved.Generation);
    }

    private static GrainId Gateway(string id) => GrainId.Create("gateway", id);

    private IWakeShardGrain Shard(GrainId gateway) => WakeShards.For(cluster.Grains, gateway);

    private async Task<GatewayState> SavedAsync(GrainId gateway)
    {
        var stored = new GrainState<GatewayState>(new GatewayState());
        await cluster.Storage.ReadStateAsync("gateway", gateway, stored);
        return stored.State!;
    }

    private async Task SaveAsync(GrainId gateway, Func<GatewayState, GatewayState> change)
    {
        var stored = new GrainState<GatewayState>(new GatewayState());
        await cluster.Storage.ReadStateAsync("gateway", gateway, stored);
        stored.State = change(stored.State!);
        await cluster.Storage.WriteStateAsync("gateway", gateway, stored);
    }
}
