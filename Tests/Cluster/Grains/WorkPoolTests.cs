using Microsoft.Extensions.DependencyInjection;
using Tidegate.BlockStore.Heads;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Volumes;
using Tidegate.Grains.Volumes.Work;
using Tidegate.Tests.Kit.Time;
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

    [Fact]
    public async Task A_pool_that_stops_tells_of_no_failure_and_ends_what_waits()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volumes = new List<VolumeUnderTest>();
        for (var i = 0; i < 3; i++) volumes.Add(await VolumeUnderTest.NewAsync(cluster, gateway));
        var silo = cluster.SiloServices;
        var pool = new WorkPool(silo.GetRequiredService<IGrainFactory>(), silo.GetRequiredService<VolumeServices>(), silo.GetRequiredService<AggregateServices>());
        // Two workers are busy with what fails once the pool stops; the third volume is still in the queue.
        var busy = volumes.Take(2).Select(_ => new WorkThatFailsInTheEnd()).ToList();
        foreach (var (volume, work) in volumes.Zip(busy)) Assert.True(pool.TryStart(volume.VolumeId, work));
        await Task.WhenAll(busy.Select(work => work.Begun.Task)).WaitAsync(Hanging.Limit);
        var waits = pool.RunAsync(volumes[2].VolumeId, new WorkThatFailsInTheEnd());
        var ended = volumes.Select(volume => pool.EndedAsync(volume.VolumeId)).ToList();
        await pool.DisposeAsync();
        await GrainCluster.RefusedAsync(() => waits, ErrorCodes.Unavailable);
        await Task.WhenAll(ended).WaitAsync(Hanging.Limit);
    }

    private sealed class WorkThatFailsInTheEnd : IVolumeWork
    {
        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Kind => "test";

        public async Task<PreparedChange?> PrepareAsync(WorkContext context, CancellationToken cancellationToken)
        {
            Begun.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw new IOException("the store is gone");
        }
    }
}
