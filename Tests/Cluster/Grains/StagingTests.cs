using Tidegate.BlockStore.Staging;
using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Segments;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>Store and image that came apart: the attach says so, and a staging branch puts them together again.</summary>
[Collection(GrainCollection.Name)]
public sealed class StagingTests(GrainCluster cluster)
{
    private static readonly StoreStamp Stopped = new(VolumeUnderTest.SizeBytes, DateTimeOffset.UnixEpoch.AddDays(20_000));

    [Fact]
    public async Task A_store_that_changed_while_the_agent_was_stopped_is_staged_and_published_in_one_save()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        await volume.WriteAsync(1, 0);
        await volume.WriteAsync(2, 1);
        Assert.Null((await volume.AttachAsync(request => request with { StoreAtStop = Stopped, StoreAtStart = Stopped })).Staging);

        var attached = await volume.AttachAsync(request => request with
        {
            StoreAtStop = Stopped,
            StoreAtStart = Stopped with { ModifiedAt = Stopped.ModifiedAt.AddSeconds(1) },
            LogResumesAt = volume.LogEnd + 4096,
        });
        Assert.Equal((2, 2L), (attached.Incarnation, attached.CommittedSequence));
        Assert.Equal((attached.Epoch, 0L, 2L), (attached.Staging!.Branch, attached.Staging.Fills, attached.Staging.MainSequence));

        // The log goes over block 1 before the copy of it arrives.
        var logged = await volume.WriteAsync(7, 1);
        Assert.Equal((3L, volume.LogEnd), (logged.CommittedSequence, logged.CommittedLogEnd));
        var first = await volume.UploadFillAsync(5, 1);
        var second = await volume.UploadFillAsync(6, 2, first);
        Assert.Equal(1, (await volume.CommitFillsAsync(first)).Fills);
        await GrainCluster.RefusedAsync(() => volume.PublishAsync(second), ErrorCodes.CommitRefused);
        Assert.Equal(2, (await volume.CommitFillsAsync(first, second)).Fills);
        await GrainCluster.RefusedAsync(() => volume.PublishAsync(second, StagingMark.Prefix + "another"), ErrorCodes.CommitRefused);
        Assert.Equal(2, (await gateway.AsTenant(volume.Volume.Describe)).CommittedSequence);

        await volume.PublishAsync(second);
        await volume.PublishAsync(second);
        Assert.Equal(3, (await gateway.AsTenant(volume.Volume.Describe)).CommittedSequence);
        await GrainCluster.Publisher.PublishedAsync(volume.VolumeId, "volume.staging-published");
        Assert.Equal("1, 7, 6", await BlocksAsync(volume, 3));

        // The same epoch goes on, and its commits are plain again.
        await volume.WriteAsync(9, 0);
        Assert.Equal("9, 7, 6", await BlocksAsync(volume, 3));
        await GrainCluster.RefusedAsync(() => volume.CommitFillsAsync(second), ErrorCodes.StaleEpoch);
    }

    [Fact]
    public async Task A_log_ahead_of_head_and_bucket_is_answered_with_a_branch_and_never_with_a_plain_commit()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        await volume.WriteAsync(1, 0);
        var ahead = volume.AheadBy(3);
        var attached = await ahead.AttachAsync();
        Assert.Equal((4L, 1L), (attached.CommittedSequence, attached.Staging!.MainSequence));
        await GrainCluster.Publisher.PublishedAsync(volume.VolumeId, "volume.staging-begun");
        await ahead.WriteAsync(3, 2);
        Assert.Equal(1, (await gateway.AsTenant(volume.Volume.Describe)).CommittedSequence);

        // Another process with this log goes on with the branch; one that knows of another store gives it up, and begins its own.
        var fill = await ahead.UploadFillAsync(8, 0);
        await ahead.CommitFillsAsync(fill);
        var resumed = await ahead.AttachAsync();
        Assert.Equal((attached.Staging.Branch, 1L), (resumed.Staging!.Branch, resumed.Staging.Fills));
        await GrainCluster.RefusedAsync(() => ahead.AttachAsync(request => request with { IsStoreChanged = true, LogResumesAt = ahead.LogEnd }), ErrorCodes.Unavailable);
        await GrainCluster.Publisher.PublishedAsync(volume.VolumeId, "volume.staging-abandoned");
        await GrainCluster.Publisher.PublishedAsync(volume.VolumeId, "volume.staging-freed");
        var again = await ahead.AttachAsync(request => request with { IsStoreChanged = true, LogResumesAt = ahead.LogEnd });
        Assert.True(again.Staging!.Branch > attached.Staging.Branch);
        Assert.Equal(1, again.Staging.Fills);
        Assert.Empty(again.Staging.FillDigest);
        Assert.Equal("1, 0, 0", await BlocksAsync(volume, 3));
    }

    [Fact]
    public async Task M2_8_A_snapshot_of_a_staged_volume_waits_and_is_the_published_state()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        await volume.WriteAsync(1, 0);
        await volume.AttachAsync(request => request with { IsStoreChanged = true, LogResumesAt = volume.LogEnd });
        var fill = await volume.UploadFillAsync(4, 0);
        await volume.CommitFillsAsync(fill);
        var id = ResourceId.New(ResourceKind.Snapshot);
        var segment = await volume.UploadAsync(5, 1, id);
        gateway.OnDeliver = request =>
        {
            _ = gateway.ReportAsync(request, new SnapshotBarrier(((SnapshotRequest)request).SnapshotId, volume.Epoch, segment.LogEnd, true));
            return Task.FromResult(new DeliverReply(true));
        };
        var asked = await gateway.AsTenant(() => volume.Volume.CreateSnapshot(id, "", ResourceId.New(ResourceKind.Request)));
        Assert.Equal(SnapshotState.Waiting, asked.State);
        await volume.CommitAsync(segment);
        Assert.Equal(SnapshotState.Waiting, (await gateway.AsTenant(() => cluster.Grains.GetGrain<ISnapshotGrain>(id).Describe())).State);
        await volume.PublishAsync(fill);
        await GrainCluster.Publisher.PublishedAsync(id, "snapshot.completed");
        var completed = await gateway.AsTenant(() => cluster.Grains.GetGrain<ISnapshotGrain>(id).Describe());
        Assert.Equal((2, false), (completed.Sequence, completed.IsPointMoved));
        var stored = await StoredAsync(volume);
        Assert.Equal("4, 5", await BlocksAsync(stored, (await stored.FindImageAsync(id))!, 2));
    }

    [Fact]
    public async Task M2_6_A_snapshot_whose_point_went_with_the_log_waits_again_and_says_that_its_point_has_moved()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        await volume.WriteAsync(1, 0);
        // The log holds the barrier behind what is committed, and is given up before that gets to the service.
        var barrier = volume.LogEnd + 4096;
        gateway.OnDeliver = request =>
        {
            _ = gateway.ReportAsync(request, new SnapshotBarrier(((SnapshotRequest)request).SnapshotId, volume.Epoch, barrier, false));
            return Task.FromResult(new DeliverReply(true));
        };
        var id = ResourceId.New(ResourceKind.Snapshot);
        Task<SnapshotDescription> AskedAsync() => gateway.AsTenant(() => volume.Volume.CreateSnapshot(id, "", ResourceId.New(ResourceKind.Request)));
        var local = await AskedAsync();
        Assert.Equal((SnapshotState.Local, false), (local.State, local.IsPointMoved));
        await volume.AttachAsync(request => request with { IsStoreChanged = true, LogResumesAt = barrier + 4096 });
        Assert.Equal(SnapshotState.Waiting, (await AskedAsync()).State);
        var fill = await volume.UploadFillAsync(4, 0);
        await volume.CommitFillsAsync(fill);
        await volume.WriteAsync(5, 1);
        await volume.PublishAsync(fill);
        await GrainCluster.Publisher.PublishedAsync(id, "snapshot.completed");
        var completed = await gateway.AsTenant(() => cluster.Grains.GetGrain<ISnapshotGrain>(id).Describe());
        Assert.Equal((SnapshotState.Completed, true), (completed.State, completed.IsPointMoved));
    }

    [Fact]
    public async Task An_adopted_store_of_another_size_is_refused()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        foreach (var size in new[] { VolumeUnderTest.SizeBytes - 4096, VolumeUnderTest.SizeBytes + 4096 })
            await GrainCluster.RefusedAsync(() => volume.AttachAsync(request => request with { StoreSizeBytes = size, IsStoreChanged = true }), ErrorCodes.InvalidState);
        var adopted = await volume.AttachAsync(request => request with { IsStoreChanged = true });
        Assert.Equal(0, adopted.Staging!.MainSequence);
    }

    [Fact]
    public async Task A_deleted_volume_gives_its_branch_up()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        await volume.WriteAsync(1, 0);
        await volume.AttachAsync(request => request with { IsStoreChanged = true, LogResumesAt = volume.LogEnd });
        await volume.CommitFillsAsync(await volume.UploadFillAsync(4, 0));
        await gateway.AsTenant(volume.Volume.Delete);
        await GrainCluster.Publisher.PublishedAsync(volume.VolumeId, "volume.staging-abandoned");
    }

    private static async Task<StoredVolume> StoredAsync(VolumeUnderTest volume) =>
        (await new Bucket(GrainCluster.Blobs, GrainCluster.AccountKeys).OpenAsync(new LineageId(volume.Owner.AccountId, volume.VolumeId)))!;

    private static async Task<string> BlocksAsync(VolumeUnderTest volume, int count)
    {
        var stored = await StoredAsync(volume);
        return await BlocksAsync(stored, stored.NewestImage, count);
    }

    private static async Task<string> BlocksAsync(StoredVolume stored, ImageDescriptor image, int count)
    {
        var reader = await ImageReader.OpenAsync(image, new SegmentCache(new BlobStoreSource(GrainCluster.Blobs), stored.Ring));
        var bytes = new byte[count * BlockGeometry.BlockBytes];
        await reader.ReadAsync(0, bytes);
        return string.Join(", ", Enumerable.Range(0, count).Select(block => bytes[(block * BlockGeometry.BlockBytes) + 5]));
    }
}
