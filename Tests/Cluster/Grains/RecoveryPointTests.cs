using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Segments;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Volumes;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>The volume as it was after any commit that is kept: listed, found, made a snapshot, made a volume.</summary>
[Collection(GrainCollection.Name)]
public sealed class RecoveryPointTests(GrainCluster cluster)
{
    private const int Blocks = 5;

    [Fact]
    public async Task I4_Any_point_of_the_window_becomes_a_snapshot_and_a_volume_that_hold_what_the_volume_held_then()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        var (model, times) = await HistoryAsync(volume, 80);

        var (listed, window) = await ListAsync(gateway, volume, 33);
        Assert.Equal(Enumerable.Range(1, model.Count).Select(i => (long)i), listed.Select(point => point.Sequence));
        Assert.Equal(times, listed.Select(point => point.CommittedAt));
        Assert.Equal((0, model.Count), (window.WindowFrom!.Sequence - 1, window.WindowThrough!.Sequence));
        Assert.True((await volume.NewestManifestAsync()).Head.BaseSequence > 20, "some points must be behind a fold");

        // One in the base, one in the tail; by sequence, and by a time that no commit had.
        foreach (var sequence in (int[])[7, model.Count - 2])
        {
            var snapshot = ResourceId.New(ResourceKind.Snapshot);
            var byTime = new RecoveryPointSelector(times[sequence - 1].AddMilliseconds(500), null);
            var taken = await gateway.AsTenant(() => volume.Volume.CreateSnapshotOfPoint(snapshot, "then", byTime));
            Assert.Equal((SnapshotState.Completed, (long)sequence, times[sequence - 1]), (taken.State, taken.Sequence, taken.PointAt));
            Assert.Equal(taken, await gateway.AsTenant(() => volume.Volume.CreateSnapshotOfPoint(snapshot, "then", byTime)));
            Assert.Equal(taken, await gateway.AsTenant(cluster.Grains.GetGrain<ISnapshotGrain>(snapshot).Describe));
            Assert.Equal(model[sequence - 1], await ReadAsync(await VolumeUnderTest.NewAsync(cluster, gateway, snapshot)));

            var clone = await CloneAsync(gateway, volume, new RecoveryPointSelector(null, sequence));
            var restored = (await gateway.AsTenant(clone.Volume.Describe)).RestoredPoint!;
            Assert.Equal(new RestoredPoint(volume.VolumeId, sequence, times[sequence - 1]), restored);
            Assert.Equal(model[sequence - 1], await ReadAsync(clone));
        }
    }

    [Fact]
    public async Task I5_What_was_made_of_a_point_outlives_the_window_the_thinning_and_the_volume()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        // Other tests have moved the shared clock: begun at the twentieth second of a minute, the first point that thinning keeps lies after those named here.
        var now = GrainCluster.Clock.GetUtcNow();
        GrainCluster.Clock.Advance(TimeSpan.FromTicks(TimeSpan.TicksPerMinute - (now.Ticks % TimeSpan.TicksPerMinute)) + TimeSpan.FromSeconds(20));
        var (model, _) = await HistoryAsync(volume, 80);
        var snapshot = ResourceId.New(ResourceKind.Snapshot);
        await gateway.AsTenant(() => volume.Volume.CreateSnapshotOfPoint(snapshot, "", new RecoveryPointSelector(null, 9)));
        var clone = await CloneAsync(gateway, volume, new RecoveryPointSelector(null, 12));

        // Of the points that leave, one a minute is kept; they were a second apart.
        await gateway.AsTenant(() => volume.Volume.SetRetention(new VolumeRetention(TimeSpan.Zero, TimeSpan.FromMinutes(1), TimeSpan.FromDays(60))));
        await SettleAsync(volume, new ReclaimSettings().Every);
        var thinned = (await ListAsync(gateway, volume, 100)).Points.Where(point => point.IsThinned).ToList();
        Assert.InRange(thinned.Count, 1, 2);
        var missing = await GrainCluster.RefusedAsync(
            () => gateway.AsTenant(() => volume.Volume.CreateSnapshotOfPoint(ResourceId.New(ResourceKind.Snapshot), "", new RecoveryPointSelector(null, 10))), ErrorCodes.NotFound);
        Assert.Contains($"after it sequence {thinned[0].Sequence}", missing.Message, StringComparison.Ordinal);
        var early = await GrainCluster.RefusedAsync(
            () => CloneAsync(gateway, volume, new RecoveryPointSelector(DateTimeOffset.UnixEpoch, null)), ErrorCodes.NotFound);
        Assert.Contains($"after it sequence {thinned[0].Sequence}", early.Message, StringComparison.Ordinal);
        var kept = await CloneAsync(gateway, volume, new RecoveryPointSelector(null, thinned[0].Sequence));

        await SettleAsync(volume, new ReclaimSettings().Grace);
        await gateway.AsTenant(volume.Volume.Delete);
        for (var look = 0; look < 3; look++) await SettleAsync(volume, new ReclaimSettings().Grace);
        Assert.Equal(model[11], await ReadAsync(clone));
        Assert.Equal(model[(int)thinned[0].Sequence - 1], await ReadAsync(kept));
        Assert.Equal(model[8], await ReadAsync(await VolumeUnderTest.NewAsync(cluster, gateway, snapshot)));
        await GrainCluster.RefusedAsync(() => CloneAsync(gateway, volume, new RecoveryPointSelector(null, thinned[0].Sequence)), ErrorCodes.NotFound);
    }

    [Fact]
    public async Task I10_Another_accounts_points_do_not_seem_to_exist_and_selectors_that_name_nothing_are_refused()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await using var stranger = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        await stranger.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        Assert.Null((await gateway.AsTenant(() => volume.Volume.ListRecoveryPoints(0, 10))).WindowFrom);
        await volume.WriteAsync(1, 0);
        var first = new RecoveryPointSelector(null, 1);
        var id = ResourceId.New(ResourceKind.Snapshot);
        var none = ResourceId.New(ResourceKind.Volume);
        foreach (var target in (string[])[volume.VolumeId, none])
        {
            var foreign = cluster.Grains.GetGrain<IVolumeGrain>(target);
            await GrainCluster.RefusedAsync(() => stranger.AsTenant(() => foreign.ListRecoveryPoints(0, 10)), ErrorCodes.NotFound);
            await GrainCluster.RefusedAsync(() => stranger.AsTenant(() => foreign.CreateSnapshotOfPoint(id, "", first)), ErrorCodes.NotFound);
            var refused = await GrainCluster.RefusedAsync(() => CloneAsync(stranger, VolumeUnderTest.Of(cluster, stranger, target), first), ErrorCodes.NotFound);
            Assert.DoesNotContain("recovery point", refused.Message, StringComparison.Ordinal);
        }

        await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => volume.Volume.ListRecoveryPoints(0, 1001)), ErrorCodes.InvalidArgument);
        foreach (var wrong in (RecoveryPointSelector[])[new(null, null), new(DateTimeOffset.UnixEpoch, 1), new(null, 0)])
            await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => volume.Volume.CreateSnapshotOfPoint(id, "", wrong)), ErrorCodes.InvalidArgument);
        // A refused request leaves its id free.
        await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => volume.Volume.CreateSnapshotOfPoint(id, "", new RecoveryPointSelector(null, 2))), ErrorCodes.NotFound);
        Assert.Equal(1, (await gateway.AsTenant(() => volume.Volume.CreateSnapshotOfPoint(id, "", first))).Sequence);
    }

    // A byte for each block, after each commit; the commits are a second apart, and folds are taken where the volume takes them.
    private async Task<(List<byte[]> Model, List<DateTimeOffset> Times)> HistoryAsync(VolumeUnderTest volume, int commits)
    {
        var (model, times, now) = (new List<byte[]>(), new List<DateTimeOffset>(), new byte[Blocks]);
        for (var i = 1; i <= commits; i++)
        {
            now[i * 3 % Blocks] = (byte)i;
            times.Add((await volume.WriteAsync((byte)i, i * 3 % Blocks)).CommittedAt);
            model.Add([.. now]);
            GrainCluster.Clock.Advance(TimeSpan.FromSeconds(1));
            if (i % HeadMachine.FoldAtSegments == 0) await cluster.WorkEndedAsync(volume.VolumeId);
        }

        return (model, times);
    }

    private static async Task<(List<VolumeRecoveryPoint> Points, RecoveryPointPage Window)> ListAsync(GatewayUnderTest gateway, VolumeUnderTest volume, int pageSize)
    {
        var points = new List<VolumeRecoveryPoint>();
        for (var after = 0L; ;)
        {
            var page = await gateway.AsTenant(() => volume.Volume.ListRecoveryPoints(after, pageSize));
            points.AddRange(page.Points);
            if (page.NextSequence is not { } next) return (points, page);
            Assert.Equal(pageSize, page.Points.Count);
            after = next;
        }
    }

    private async Task<VolumeUnderTest> CloneAsync(GatewayUnderTest gateway, VolumeUnderTest origin, RecoveryPointSelector point)
    {
        var clone = VolumeUnderTest.Of(cluster, gateway, ResourceId.New(ResourceKind.Volume));
        var specification = VolumeUnderTest.Specification(gateway, "data-" + clone.VolumeId, sizeBytes: 0) with { SourcePoint = new SourcePoint(origin.VolumeId, point) };
        await gateway.AsTenant(() => clone.Volume.Create(specification));
        return clone;
    }

    private async Task SettleAsync(VolumeUnderTest volume, TimeSpan time)
    {
        GrainCluster.Clock.Advance(time + TimeSpan.FromSeconds(1));
        for (var i = 0; i < 2; i++)
        {
            await cluster.SettleAsync(volume.VolumeId);
            await cluster.WorkEndedAsync(volume.VolumeId);
        }
    }

    // What an agent that restores the volume reads: the first byte of each block, and nothing else in them.
    private static async Task<byte[]> ReadAsync(VolumeUnderTest volume)
    {
        var image = await GrainCluster.As(GrainCluster.Agent(volume.Owner.AccountId, volume.Owner.GatewayId), volume.Data.GetImage);
        var ring = new Keyring();
        foreach (var key in image.Keys) ring.Add(new LineageId(key.AccountId, key.VolumeId), key.Generation, new DataKey(key.DataKey));
        var reader = await ImageReader.OpenAsync(ImageDescriptor.Decode(image.Descriptor), new SegmentCache(new BlobStoreSource(GrainCluster.Blobs), ring));
        var bytes = new byte[VolumeUnderTest.SizeBytes];
        await reader.ReadAsync(0, bytes);
        var values = new byte[Blocks];
        for (var block = 0; block < Blocks; block++)
        {
            var content = bytes.AsSpan(block * BlockGeometry.BlockBytes, BlockGeometry.BlockBytes);
            values[block] = content[0];
            Assert.False(content.ContainsAnyExcept(content[0]));
        }

        Assert.False(bytes.AsSpan(Blocks * BlockGeometry.BlockBytes).ContainsAnyExcept((byte)0));
        return values;
    }
}
