using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Segments;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Reclaim;

public sealed class TombstoneSweepTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromDays(7);

    [Fact]
    public async Task I5_what_is_condemned_is_deleted_after_its_grace_and_nothing_else_ever()
    {
        var volume = await OverwrittenAsync();
        await ReclaimScenario.DeleteAsync(volume, "first");
        var needed = (await Auditor.MarkAsync(volume.Head, volume.Segments)).Blobs;
        var condemned = await TombstonesAsync(volume);
        Assert.NotEmpty(condemned);
        Assert.Empty(condemned.Intersect(needed));

        var young = await volume.OpenCatalogue().ListTombstonesAsync().Where(tombstone => tombstone.CondemnedAt == volume.Now).Select(tombstone => tombstone.BlobKey).Where(volume.Store.Keys.Contains).ToArrayAsync();
        Assert.NotEmpty(young);
        await SweepAsync(volume, Grace - TimeSpan.FromSeconds(1));
        Assert.Empty(young.Except(volume.Store.Keys));
        Assert.InRange(await SweepAsync(volume, Grace), young.Length, int.MaxValue);
        Assert.Empty(condemned.Intersect(volume.Store.Keys));
        await ReclaimScenario.VerifyAsync(volume);

        // What is left in the bucket is what the head needs, and what the sweep itself has replaced.
        var left = volume.Store.Keys.Except((await Auditor.MarkAsync(volume.Head, volume.Segments)).Blobs).ToArray();
        Assert.Equal((await TombstonesAsync(volume)).Order(), left.Order());
        Assert.InRange(left.Length, 1, 16);
        var settled = volume.Head;
        Assert.Equal(0, await SweepAsync(volume, Grace * 4));
        Assert.Equal(settled, volume.Head);
    }

    [Fact]
    public async Task I5_nothing_is_deleted_before_a_manifest_that_does_without_it_is_stored()
    {
        var volume = await OverwrittenAsync();
        var before = volume.Store.Keys.Count;
        var sweep = await TombstoneSweep.RunAsync(volume.Head, Grace, volume.Now + (Grace * 2), volume.Store, volume.Segments, volume.Sealer);
        Assert.Equal((null, 0), (sweep.Change, sweep.Deleted));
        Assert.Equal(before, volume.Store.Keys.Count);
    }

    [Fact]
    public async Task A_blob_that_cannot_be_deleted_keeps_no_other_from_going_and_its_failure_is_told_when_it_is_the_last()
    {
        var volume = await OverwrittenAsync();
        await ReclaimScenario.DeleteAsync(volume, "first");
        var condemned = await volume.OpenCatalogue().ListTombstonesAsync().Select(tombstone => tombstone.BlobKey).Where(volume.Store.Keys.Contains).ToArrayAsync();
        var stuck = condemned.First(key => SegmentIdentity.KindOf(key) is not (SegmentKind.Catalogue or SegmentKind.Head));
        volume.Store.Deleting = key =>
        {
            if (key == stuck) throw new IOException("Input/output error");
        };
        await Assert.ThrowsAsync<IOException>(() => SweepAsync(volume, Grace));
        Assert.Equal([stuck], condemned.Intersect(volume.Store.Keys));
        Assert.Contains(stuck, await TombstonesAsync(volume));
        volume.Store.Deleting = null;
        Assert.InRange(await SweepAsync(volume, Grace), 1, int.MaxValue);
        Assert.DoesNotContain(stuck, volume.Store.Keys);
    }

    [Fact]
    public async Task A_root_that_compaction_moved_is_no_reference_to_where_it_was()
    {
        var volume = await OverwrittenAsync();
        while (await volume.PrepareCompactionAsync() is { } job) await volume.SaveAsync(await volume.PublishAsync((await volume.PrepareAsync(job))!));
        var moved = await new RelocationTable(volume.Lineage, volume.Head.Relocation, volume.Segments).ListAsync().Select(one => one.Segment).ToListAsync();
        var root = volume.Head.Root!.Page.Segment.Identity;
        Assert.Contains(root, moved);
        await SweepAsync(volume, Grace);
        Assert.DoesNotContain(root.BlobKey, volume.Store.Keys);
        await volume.VerifyAsync();
    }

    [Fact]
    public async Task I5_a_tombstone_of_what_is_still_referred_to_stays_and_is_told()
    {
        var volume = await OverwrittenAsync();
        var life = await volume.OpenCatalogue().ListLivesAsync().FirstAsync();
        string[] wrong = [life.Segment.Identity.BlobKey, volume.Head.Catalogue!.Page.Segment.Identity.BlobKey, "123456789012/vol-2/map/0000000000000001-00000000000000000000000000000001", "no/segment"];
        await volume.ChangeCatalogueAsync(async catalogue =>
        {
            foreach (var key in wrong) await catalogue.PutTombstoneAsync(new Tombstone(key, DateTimeOffset.UnixEpoch, 1));
        });
        await ReclaimScenario.StoreManifestAsync(volume);
        await volume.CommitAsync("later");
        await ReclaimScenario.StoreManifestAsync(volume);
        var sweep = await TombstoneSweep.RunAsync(volume.Head, Grace, volume.Now, volume.Store, volume.Segments, volume.Sealer);
        // The catalogue's own page was condemned by the very change that replaced it, and rightly.
        Assert.Equal(new[] { wrong[0], wrong[2], wrong[3] }.Order(), sweep.Kept.Order());
        Assert.Contains(wrong[0], volume.Store.Keys);
        await ReclaimScenario.StoreManifestAsync(volume);
    }

    [Fact]
    public async Task Orphans_are_old_unreferenced_and_never_what_may_still_be_committed()
    {
        var volume = await OverwrittenAsync();
        var owner = volume.Lineage;
        var page = volume.Sealer.NewIdentity(SegmentKind.Map, 1).BlobKey;
        var late = SegmentIdentity.NewData(owner, 1, volume.Head.Epoch, volume.Head.CommittedSequence + 3, RandomNonceSource.Instance).BlobKey;
        var lost = SegmentIdentity.NewData(owner, 1, volume.Head.Epoch, volume.Head.CommittedSequence, RandomNonceSource.Instance).BlobKey;
        foreach (var key in (string[])[page, late, lost]) await volume.Store.PutIfAbsentAsync(key, new byte[] { 1 });
        var now = TimeProvider.System.GetUtcNow().AddDays(2);
        Assert.Equal(new[] { page, lost }.Order(), (await OrphansAsync(volume, now)).Order());
        Assert.Empty(await OrphansAsync(volume, now.AddDays(-2)));

        // A manifest from the future: the database went back in time, and what seems unreferenced is not.
        await volume.Store.PutIfAbsentAsync(volume.Sealer.NewIdentity(SegmentKind.Head, volume.Head.Version + 1).BlobKey, new byte[] { 1 });
        Assert.Empty(await OrphansAsync(volume, now));
    }

    [Fact]
    public async Task A_lease_holds_what_it_reads_until_it_runs_out()
    {
        var volume = await OverwrittenAsync();
        var cut = (await volume.OpenCatalogue().FindSnapshotAsync("first"))!;
        await volume.ChangeCatalogueAsync(async catalogue => await catalogue.PutLeaseAsync(
            new LeaseRecord("export", cut.BaseSequence, cut.Sequence, cut.Image, volume.Now.AddDays(30), volume.Head.Version + 1)));
        var model = volume.SnapshotModels["first"];
        await ReclaimScenario.DeleteAsync(volume, "first");
        await volume.BuryAsync();
        await volume.VerifyAsync(cut.Image, model);
        var held = await volume.OpenCatalogue().ListDeathsAsync().CountAsync();
        Assert.Null(await KeepAsync(volume, volume.Now.AddDays(29)));
        await ReclaimScenario.SaveAsync(volume, await KeepAsync(volume, volume.Now.AddDays(30)));
        Assert.InRange(await volume.OpenCatalogue().ListDeathsAsync().CountAsync(), 0, held - 1);
        await ReclaimScenario.VerifyAsync(volume);
    }

    [Fact]
    public async Task I5_a_sweep_spares_what_a_lease_fences_until_housekeeping_has_removed_it()
    {
        var volume = await OverwrittenAsync();
        var cut = (await volume.OpenCatalogue().FindSnapshotAsync("first"))!;
        await volume.ChangeCatalogueAsync(async catalogue => await catalogue.PutLeaseAsync(
            new LeaseRecord("export", cut.BaseSequence, cut.Sequence, cut.Image, volume.Now.AddDays(1), volume.Head.Version + 1)));
        await ReclaimScenario.StoreManifestAsync(volume);
        volume.Write(0, 40);
        await volume.CommitAsync();
        await volume.FoldAsync();
        await SweepAsync(volume, TimeSpan.FromDays(60));
        var dueLater = (await TombstonesAsync(volume)).Where(key => !key.Contains("/catalogue/", StringComparison.Ordinal) && !key.Contains("/head/", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(dueLater);

        // Another activation may have renewed the lease that has run out by this head: only its removal, which is a save, says that it has not.
        await ReclaimScenario.SaveAsync(volume, await KeepAsync(volume, volume.Now.AddDays(60)));
        await SweepAsync(volume, TimeSpan.FromDays(60));
        Assert.All(dueLater, key => Assert.DoesNotContain(key, volume.Store.Keys));
    }

    [Fact]
    public async Task I5_the_tail_that_the_newest_fold_left_in_the_head_is_not_condemned_with_the_last_image_that_shares_it()
    {
        var volume = new VolumeScenario();
        for (var i = 0; i < 40; i++)
        {
            volume.Write(i * 40, 40);
            await volume.CommitAsync(i == 30 ? ["first"] : []);
        }
        var cut = (await volume.OpenCatalogue().FindSnapshotAsync("first"))!;
        Assert.NotNull(cut.Image.Tail.Manifest);
        await volume.ChangeCatalogueAsync(async catalogue => await catalogue.PutLeaseAsync(
            new LeaseRecord("export", cut.BaseSequence, cut.Sequence, cut.Image, volume.Now.AddDays(1), volume.Head.Version + 1)));
        await volume.FoldAsync();
        Assert.NotNull(volume.Head.RetiredTail);
        await ReclaimScenario.SaveAsync(volume, await KeepAsync(volume, volume.Now.AddDays(2)));
        Assert.DoesNotContain(cut.Image.Tail.Manifest.Identity.BlobKey, await TombstonesAsync(volume));
        await ReclaimScenario.VerifyAsync(volume);
    }

    private static Task<Tidegate.BlockStore.Heads.PreparedChange?> KeepAsync(VolumeScenario volume, DateTimeOffset now) =>
        Housekeeping.PrepareAsync(volume.Head, new ReclaimTerms(now, volume.Retention), [], [], volume.Segments, volume.Sealer);

    private static async Task<IReadOnlyList<string>> OrphansAsync(VolumeScenario volume, DateTimeOffset now)
    {
        var listed = await OrphanCollector.ListAsync(volume.Store, volume.Lineage);
        var marks = await Auditor.MarkAsync(volume.Head, volume.Segments);
        return await OrphanCollector.FindAsync(listed, volume.Head, 0, marks, now, volume.Segments);
    }

    private static async Task<int> SweepAsync(VolumeScenario volume, TimeSpan after)
    {
        var deleted = 0;
        for (var now = volume.Now + after; ;)
        {
            await ReclaimScenario.StoreManifestAsync(volume);
            var sweep = await TombstoneSweep.RunAsync(volume.Head, Grace, now, volume.Store, volume.Segments, volume.Sealer);
            Assert.Empty(sweep.Kept);
            deleted += sweep.Deleted;
            if (sweep.Change is null) return deleted;
            await ReclaimScenario.SaveAsync(volume, sweep.Change);
        }
    }

    private static async Task<string[]> TombstonesAsync(VolumeScenario volume) =>
        await volume.OpenCatalogue().ListTombstonesAsync().Select(tombstone => tombstone.BlobKey).Where(key => volume.Store.Keys.Contains(key)).ToArrayAsync();

    private static async Task<VolumeScenario> OverwrittenAsync()
    {
        var volume = new VolumeScenario();
        for (var round = 0; round < 6; round++)
        {
            for (var i = 0; i < 5; i++)
            {
                volume.Write((round % 2 * 300) + (i * 40), 40);
                await volume.CommitAsync(round == 1 && i == 4 ? ["first"] : []);
            }
            await volume.FoldAsync();
        }
        return volume;
    }
}
