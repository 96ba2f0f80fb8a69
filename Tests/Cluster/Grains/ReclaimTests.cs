using Tidegate.BlockStore.Heads;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Volumes;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>Space comes back through the grains: snapshots deleted in any order, clones and grace respected, a deleted volume gone.</summary>
[Collection(GrainCollection.Name)]
public sealed class ReclaimTests(GrainCluster cluster)
{
    private static readonly VolumeRetention NoPast = new(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);

    [Fact]
    public async Task M5_4_Snapshots_are_deleted_in_any_order_and_only_what_nobody_needs_goes_after_its_grace()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        await gateway.AsTenant(() => volume.Volume.SetRetention(NoPast));
        var first = await volume.SnapshotAsync(1);
        var second = await volume.SnapshotAsync(2);
        await FoldAsync(volume, 3);
        var clone = await VolumeUnderTest.NewAsync(cluster, gateway, first);
        var both = await gateway.AsTenant(() => volume.Volume.EstimateReclaim([first, second]));
        Assert.InRange(both.Bytes, 1, long.MaxValue);
        Assert.False(both.IsAtLeast);

        // Both were of block 0. The clone still reads the first.
        await gateway.AsTenant(() => Task.WhenAll(Enumerable.Range(0, 6).Select(_ => cluster.Grains.GetGrain<ISnapshotGrain>(second).Delete())));
        await gateway.AsTenant(cluster.Grains.GetGrain<ISnapshotGrain>(second).Delete);
        await gateway.AsTenant(cluster.Grains.GetGrain<ISnapshotGrain>(first).Delete);
        await GrainCluster.Publisher.PublishedAsync(first, "snapshot.deleted");
        await GrainCluster.RefusedAsync(() => gateway.AsTenant(cluster.Grains.GetGrain<ISnapshotGrain>(first).Describe), ErrorCodes.NotFound);
        await GrainCluster.RefusedAsync(() => VolumeUnderTest.NewAsync(cluster, gateway, second), ErrorCodes.NotFound);
        await ReclaimedAsync(volume);
        Assert.Equal(1, await clone.ReadByteAsync());
        Assert.Contains(DataOf(volume), key => key.Contains("/0000000000000001-", StringComparison.Ordinal));
        Assert.DoesNotContain(DataOf(volume), key => key.Contains("/0000000000000002-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task I5_A_deleted_volume_keeps_what_its_snapshots_and_clones_need_and_then_nothing()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        var snapshot = await volume.SnapshotAsync(7);
        await FoldAsync(volume, 9);
        var clone = await VolumeUnderTest.NewAsync(cluster, gateway, snapshot);
        // What was under way when it was deleted is never committed, and no catalogue knows of it.
        await volume.UploadAsync(3, 2);
        await gateway.AsTenant(volume.Volume.Delete);
        await ReclaimedAsync(volume);
        Assert.Equal(7, await clone.ReadByteAsync());
        Assert.Single(DataOf(volume));
        await gateway.AsTenant(cluster.Grains.GetGrain<ISnapshotGrain>(snapshot).Delete);
        await ReclaimedAsync(volume);
        Assert.Equal(7, await clone.ReadByteAsync());

        await gateway.AsTenant(clone.Volume.Delete);
        await ReclaimedAsync(clone);
        await ReclaimedAsync(volume);
        Assert.Empty(DataOf(volume));
        await ReclaimedAsync(volume);
        await ReclaimedAsync(clone);
        Assert.Empty(StoredOf(volume));
        Assert.Empty(StoredOf(clone));
    }

    [Fact]
    public async Task I5_A_blob_that_cannot_be_deleted_holds_no_other_up_and_goes_when_it_can()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
        // Nothing but the last look at what is left knows of these.
        var orphans = new List<string>();
        for (var block = 2; block < 6; block++) orphans.Add((await volume.UploadAsync(3, block)).BlobKey);
        orphans.Sort(StringComparer.Ordinal);
        var refused = 0;
        await gateway.AsTenant(volume.Volume.Delete);
        try
        {
            GrainCluster.Blobs.Deleting = key =>
            {
                if (key == orphans[0]) throw new IOException($"no right to delete {key}");
            };
            for (var tries = 0; tries < 8 && DataOf(volume).Length > 1; tries++)
            {
                GrainCluster.Clock.Advance(new ReclaimSettings().Grace + TimeSpan.FromSeconds(1));
                try
                {
                    await cluster.SettleAsync(volume.VolumeId);
                }
                catch (TidegateException told) when (told.Code == ErrorCodes.Unavailable)
                {
                    refused++;
                }

                await cluster.WorkEndedAsync(volume.VolumeId);
            }

            Assert.True(refused > 0);
            Assert.Equal([orphans[0]], DataOf(volume));
        }
        finally
        {
            GrainCluster.Blobs.Deleting = null;
        }

        await ReclaimedAsync(volume);
        Assert.Empty(StoredOf(volume));
    }

    [Fact]
    public async Task A_fold_that_failed_is_asked_for_again_a_minute_later_and_not_32_segments_later()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        var failed = 0;
        try
        {
            GrainCluster.Blobs.Putting = key =>
                key.StartsWith(PrefixOf(volume) + "map/", StringComparison.Ordinal) ? Task.FromException(new IOException($"no room for {key}, {Interlocked.Increment(ref failed)}")) : Task.CompletedTask;
            await FoldAsync(volume, 3);
            await cluster.SettleAsync(volume.VolumeId);
            await cluster.WorkEndedAsync(volume.VolumeId);
            // It is not asked for over and over meanwhile.
            Assert.Equal(1, failed);
        }
        finally
        {
            GrainCluster.Blobs.Putting = null;
        }

        Assert.Equal(0, (await volume.NewestManifestAsync()).Head.BaseSequence);
        GrainCluster.Clock.Advance(TimeSpan.FromMinutes(1));
        await cluster.SettleAsync(volume.VolumeId);
        await cluster.WorkEndedAsync(volume.VolumeId);
        Assert.InRange((await volume.NewestManifestAsync()).Head.BaseSequence, 1, long.MaxValue);
    }

    [Fact]
    public async Task I10_Another_accounts_snapshot_cannot_be_deleted_or_estimated()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await using var stranger = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        var snapshot = await volume.SnapshotAsync(1);
        await GrainCluster.RefusedAsync(() => stranger.AsTenant(cluster.Grains.GetGrain<ISnapshotGrain>(snapshot).Delete), ErrorCodes.NotFound);
        await GrainCluster.RefusedAsync(() => stranger.AsTenant(() => volume.Volume.EstimateReclaim([snapshot])), ErrorCodes.NotFound);
        await GrainCluster.RefusedAsync(() => stranger.AsTenant(() => volume.Volume.SetRetention(NoPast)), ErrorCodes.NotFound);
        await GrainCluster.RefusedAsync(
            () => gateway.AsTenant(() => volume.Volume.SetRetention(new VolumeRetention(TimeSpan.FromDays(99), TimeSpan.Zero, TimeSpan.Zero))), ErrorCodes.InvalidArgument);
        Assert.Equal(snapshot, (await gateway.AsTenant(cluster.Grains.GetGrain<ISnapshotGrain>(snapshot).Describe)).SnapshotId);
    }

    private async Task FoldAsync(VolumeUnderTest volume, byte value)
    {
        for (var i = 0; i < HeadMachine.FoldAtSegments; i++) await volume.WriteAsync(value, i % 2 * 5);
        await cluster.WorkEndedAsync(volume.VolumeId);
    }

    /// <summary>Lets the volume do all that time asks of it: twice, because what one look condemns another deletes.</summary>
    private async Task ReclaimedAsync(VolumeUnderTest volume)
    {
        for (var look = 0; look < 3; look++)
        {
            GrainCluster.Clock.Advance(new ReclaimSettings().Grace + TimeSpan.FromSeconds(1));
            await cluster.SettleAsync(volume.VolumeId);
            await cluster.WorkEndedAsync(volume.VolumeId);
            await cluster.SettleAsync(volume.VolumeId);
            await cluster.WorkEndedAsync(volume.VolumeId);
        }
    }

    private static string PrefixOf(VolumeUnderTest volume) => $"{volume.Owner.AccountId}/{volume.VolumeId}/";

    // What is left of a volume but the record of what happened to it.
    private static string[] StoredOf(VolumeUnderTest volume) =>
        [.. GrainCluster.Blobs.Keys.Where(key => key.StartsWith(PrefixOf(volume), StringComparison.Ordinal) && !key.Contains("/record/", StringComparison.Ordinal))];

    private static string[] DataOf(VolumeUnderTest volume) =>
        [.. GrainCluster.Blobs.Keys.Where(key => key.StartsWith(PrefixOf(volume) + "0", StringComparison.Ordinal))];
}
