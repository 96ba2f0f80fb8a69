using Microsoft.Extensions.DependencyInjection;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Volumes;
using Tidegate.Grains.Volumes.Work;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>Work whose volume is activated at another silo by the time that it is prepared.</summary>
[Collection(GrainCollection.Name)]
public sealed class WorkPoolTests(GrainCluster cluster)
{
    [Fact]
    public async Task Who_waits_for_work_that_another_silo_was_to_save_does_not_hear_that_it_was_done()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        var snapshot = await volume.SnapshotAsync(1);
        var silo = cluster.SiloServices;
        await using var elsewhere = new WorkPool(silo.GetRequiredService<IGrainFactory>(), silo.GetRequiredService<VolumeServices>(), silo.GetRequiredService<AggregateServices>());
        await GrainCluster.RefusedAsync(() => elsewhere.RunAsync(volume.VolumeId, new SnapshotDeletionWork(snapshot)), ErrorCodes.Unavailable);
        Assert.Equal(snapshot, (await gateway.AsTenant(cluster.Grains.GetGrain<ISnapshotGrain>(snapshot).Describe)).SnapshotId);
        Assert.Equal(1, await VolumeUnderTest.ByteOfAsync(await GrainCluster.As(
            GrainCluster.Agent(gateway.AccountId, gateway.GatewayId), () => volume.Data.GetSnapshotImage(snapshot))));
    }
}
