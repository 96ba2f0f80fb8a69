using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Reclaim;

/// <summary>No change of reclaim is larger than its limits, and together they do all that one without limits would.</summary>
public sealed class ReclaimUnitTests
{
    private static readonly ReclaimLimits Small = new() { Lists = 8, Segments = 4, Looked = 50, Expired = 3, Points = 300 };

    [Fact]
    public async Task A_large_deletion_is_freed_in_bounded_units_and_frees_what_it_would_at_once()
    {
        var (small, whole) = (await OverwrittenAsync(Small), await OverwrittenAsync(ReclaimLimits.Default));
        var lists = await small.OpenCatalogue().ListDeathsAsync().CountAsync();
        Assert.InRange(lists, Small.Lists * 3, int.MaxValue);
        await DeleteAsync(small);
        Assert.InRange(lists - await small.OpenCatalogue().ListDeathsAsync().CountAsync(), 1, Small.Lists);
        Assert.Single(await small.OpenCatalogue().ListReleasesAsync().ToListAsync());
        var left = lists;
        var units = 0;
        while (await PendingReleases.PrepareAsync(small.Head, small.Now, small.Segments, small.Sealer, Small) is { } unit)
        {
            await ReclaimScenario.SaveAsync(small, unit);
            await ReclaimScenario.VerifyAsync(small);
            var now = await small.OpenCatalogue().ListDeathsAsync().CountAsync();
            Assert.InRange(left - now, 0, Small.Lists * 2);
            (left, units) = (now, units + 1);
        }
        Assert.InRange(units, lists / Small.Lists / 2, lists);
        await DeleteAsync(whole);
        Assert.Empty(await whole.OpenCatalogue().ListReleasesAsync().ToListAsync());
        Assert.Equal(await LivesAsync(whole), await LivesAsync(small));
        Assert.Equal(await whole.OpenCatalogue().ListDeathsAsync().ToListAsync(), await small.OpenCatalogue().ListDeathsAsync().ToListAsync());
    }

    [Fact]
    public async Task I5_what_a_release_has_not_come_to_is_no_orphan()
    {
        var volume = await OverwrittenAsync(Small);
        await DeleteAsync(volume);
        var counted = await volume.OpenCatalogue().ListLivesAsync().Select(life => life.Segment.Identity.BlobKey).ToListAsync();
        var listed = await OrphanCollector.ListAsync(volume.Store, volume.Lineage);
        var marks = await Auditor.MarkAsync(volume.Head, volume.Segments);
        Assert.NotEmpty(counted.Except(marks.Blobs));
        var orphans = await OrphanCollector.FindAsync(listed, volume.Head, 0, marks, TimeProvider.System.GetUtcNow().AddDays(2), volume.Segments);
        Assert.Empty(orphans.Intersect(counted));
    }

    [Fact]
    public async Task An_estimate_counts_what_is_being_freed_already_as_freed()
    {
        var volume = await OverwrittenAsync(Small, "first", "second");
        var both = await SnapshotDeletion.EstimateAsync(volume.Head, ["first", "second"], volume.Segments);
        await DeleteAsync(volume, "first");
        var second = await SnapshotDeletion.EstimateAsync(volume.Head, ["second"], volume.Segments);
        Assert.Equal(1, second.Waiting);
        await ReclaimScenario.ReleaseAsync(volume);
        Assert.Equal(second with { Waiting = 0 }, await SnapshotDeletion.EstimateAsync(volume.Head, ["second"], volume.Segments));
        Assert.InRange(second.Bytes, 1, both.Bytes);
    }

    [Fact]
    public async Task A_window_that_reaches_far_back_is_shortened_in_bounded_units()
    {
        var volume = new VolumeScenario { Retention = new Retention(TimeSpan.FromDays(1000), TimeSpan.Zero, TimeSpan.Zero), Limits = Small with { Points = 12 } };
        for (var i = 1; i <= 60; i++)
        {
            volume.Write(i * 7 % 50, 9);
            await volume.CommitAsync();
            if (i % 6 == 0) await volume.FoldAsync();
        }
        volume.Retention = Retention.None;
        var units = 0;
        for (var points = await PointsAsync(volume); ; units++)
        {
            var unit = await Housekeeping.PrepareAsync(
                volume.Head, new ReclaimTerms(volume.Now, volume.Retention) { Limits = volume.Limits }, [], [], volume.Segments, volume.Sealer);
            if (unit is null) break;
            await ReclaimScenario.SaveAsync(volume, unit);
            await ReclaimScenario.ReleaseAsync(volume);
            await ReclaimScenario.VerifyAsync(volume);
            Assert.InRange(points - await PointsAsync(volume), 1, 12);
            points = await PointsAsync(volume);
        }
        Assert.InRange(units, 4, 20);
        Assert.Equal(1, await PointsAsync(volume));
    }

    [Fact]
    public async Task A_sweep_reads_the_tombstones_that_are_due_and_passes_over_those_that_it_keeps()
    {
        var volume = new VolumeScenario();
        volume.Write(0, 40);
        await volume.CommitAsync();
        await volume.FoldAsync();
        var needed = (await volume.OpenCatalogue().ListLivesAsync().FirstAsync()).Segment.Identity.BlobKey;
        var lost = Enumerable.Range(0, TombstoneSweep.MaxBlobs + 100).Select(_ => volume.Sealer.NewIdentity(SegmentKind.Map, 1).BlobKey).ToArray();
        foreach (var key in lost) await volume.Store.PutIfAbsentAsync(key, new byte[] { 1 });
        await volume.ChangeCatalogueAsync(async catalogue =>
        {
            // More than a unit of what must stay, and it is the oldest.
            for (var i = 0; i < TombstoneSweep.MaxBlobs + 10; i++) await catalogue.PutTombstoneAsync(new Tombstone(needed, DateTimeOffset.UnixEpoch.AddSeconds(i), 1));
            foreach (var key in lost) await catalogue.PutTombstoneAsync(new Tombstone(key, volume.Now, 1));
        });
        await ReclaimScenario.StoreManifestAsync(volume);
        await volume.CommitAsync("later");
        await ReclaimScenario.StoreManifestAsync(volume);
        Tombstone? after = null;
        var (deleted, kept, units) = (0, 0, 0);
        for (; ; units++)
        {
            var sweep = await TombstoneSweep.RunAsync(volume.Head, TimeSpan.Zero, volume.Now, volume.Store, volume.Segments, volume.Sealer, after);
            (deleted, kept, after) = (deleted + sweep.Deleted, kept + sweep.Kept.Count, sweep.Through);
            if (sweep.Change is null) break;
            await ReclaimScenario.SaveAsync(volume, sweep.Change);
            await ReclaimScenario.StoreManifestAsync(volume);
            Assert.InRange(sweep.Deleted, 1, TombstoneSweep.MaxBlobs);
        }
        Assert.Equal(TombstoneSweep.MaxBlobs + 10, kept);
        Assert.Empty(lost.Intersect(volume.Store.Keys));
        Assert.Contains(needed, volume.Store.Keys);
        Assert.InRange(units, 2, 4);
    }

    private static async Task<int> PointsAsync(VolumeScenario volume) => await volume.OpenCatalogue().ListPointsAsync(-1).CountAsync();

    // Nonces are the same for the same scenario, and so are accounts.
    private static async Task<List<(SegmentKind, long, long, long)>> LivesAsync(VolumeScenario volume) =>
        await volume.OpenCatalogue().ListLivesAsync().Select(life => (life.Segment.Identity.Kind, life.Segment.Identity.Sequence, life.LiveBytes, life.HeldBytes)).ToListAsync();

    private static async Task DeleteAsync(VolumeScenario volume, string snapshotId = "first")
    {
        var change = await SnapshotDeletion.PrepareAsync(volume.Head, [snapshotId], volume.Now, volume.Segments, volume.Sealer, volume.Limits);
        await ReclaimScenario.SaveAsync(volume, change);
        volume.SnapshotModels.Remove(snapshotId);
        await ReclaimScenario.VerifyAsync(volume);
    }

    // Many small segments, all of them read by the first snapshot alone.
    private static async Task<VolumeScenario> OverwrittenAsync(ReclaimLimits limits, params string[] snapshotIds)
    {
        var volume = new VolumeScenario { Limits = limits };
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 40; i++)
            {
                volume.Write((i * 40) + (round * 3), 20);
                var id = round < 2 && i == 39 ? snapshotIds.ElementAtOrDefault(round) ?? (round == 0 ? "first" : null) : null;
                await volume.CommitAsync(id is null ? [] : [id]);
                if (i % 20 == 19) await volume.FoldAsync();
            }
        }
        await ReclaimScenario.ReleaseAsync(volume);
        return volume;
    }
}
