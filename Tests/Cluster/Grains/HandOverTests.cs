using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>An agent goes over to a connection with its renewed certificate while it is asked for something.</summary>
[Collection(GrainCollection.Name)]
public sealed class HandOverTests(GrainCluster cluster)
{
    [Fact]
    public async Task M3_8_A_request_that_was_left_on_the_old_connection_is_delivered_over_the_new_one()
    {
        await using var old = await GatewayUnderTest.NewAsync(cluster);
        await old.ConnectAsync();
        var left = new TaskCompletionSource();
        var reply = new TaskCompletionSource<DeliverReply>();
        old.OnDeliver = _ =>
        {
            left.TrySetResult();
            return reply.Task;
        };
        var asking = old.AsTenant(() => old.Gateway.DescribeLive(ResourceId.New(ResourceKind.Request)));
        await left.Task.OrHungAsync();

        await using var successor = old.Copy(TestSockets.NewerClient);
        await successor.ConnectAsync();
        Assert.Equal(GatewayUnderTest.Description.HostName, (await asking.OrHungAsync()).HostName);
        Assert.Equal((1, 1), (old.Deliveries, successor.Deliveries));
        reply.SetResult(new DeliverReply(true));
    }
}
