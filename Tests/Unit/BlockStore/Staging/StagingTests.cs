using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;
using Tidegate.BlockStore.Verification;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Staging;

public sealed class StagingTests
{
    private const long Size = 64L << 20;

    [Fact]
    public async Task A_fill_supplies_only_what_the_log_has_not_touched_whichever_came_first()
    {
        using var staging = await BegunAsync();
        // Before the log's own writes, between them, and after a fold took them in.
        staging.WritePast(100, 40);
        await staging.CopyAsync(96, 48);
        staging.Write(104, 4);
        staging.Discard(112, 8);
        await staging.SealLogAsync();
        await staging.CommitLogAsync();
        await staging.CommitFillsAsync();
        await staging.FoldAsync();
        await staging.AuditAsync();
        await staging.CopyAsync(0, 96);
        staging.Write(110, 4);
        staging.Discard(20, 10);
        await staging.SealLogAsync();
        await staging.CommitFillsAsync();
        await staging.CommitLogAsync();
        await staging.CopyAsync(144, 32);
        await staging.CommitFillsAsync();

        await PublishedAsync(staging);
    }

    [Fact]
    public async Task A_sector_that_the_log_discarded_is_not_filled_after_a_fold_either()
    {
        using var staging = await BegunAsync();
        staging.WritePast(200, 16);
        await staging.CopyAsync(200, 16);
        staging.Discard(204, 4);
        await staging.SealLogAsync();
        await staging.CommitLogAsync();
        await staging.FoldAsync();
        await staging.CommitFillsAsync();

        await PublishedAsync(staging);
    }

    [Fact]
    public async Task Nothing_is_published_before_the_last_fill_and_the_log_are_staged()
    {
        using var staging = await BegunAsync();
        await staging.CopyAsync(0, 64);
        var declared = staging.Declare();
        Assert.Equal(HeadRefusalReason.StagingIncomplete, StagingDeclaration.Check(staging.Head, declared)!.Refusal!.Reason);
        await staging.CommitFillsAsync();
        // A state of its own needs a sequence of its own.
        Assert.Contains("barrier", StagingDeclaration.Check(staging.Head, staging.Declare())!.Refusal!.Message, StringComparison.Ordinal);
        staging.Write(3, 1);
        await staging.SealLogAsync();
        Assert.Equal(HeadRefusalReason.StagingIncomplete, StagingDeclaration.Check(staging.Head, staging.Declare())!.Refusal!.Reason);
        Assert.Null(await staging.PreparePublicationAsync());
        await staging.CommitLogAsync();
        Assert.Null(StagingDeclaration.Check(staging.Head, staging.Declare()));
        Assert.Equal(HeadRefusalReason.StaleEpoch, StagingDeclaration.Check(staging.Head, staging.Declare() with { Epoch = 1 })!.Refusal!.Reason);

        await PublishedAsync(staging);
    }

    [Fact]
    public async Task A_fill_that_comes_while_the_publication_is_prepared_makes_it_void_and_a_log_segment_becomes_the_tail()
    {
        using var staging = await BegunAsync();
        await staging.CopyAsync(0, 64);
        await staging.CommitFillsAsync();
        staging.Write(8, 2);
        await staging.SealLogAsync();
        await staging.CommitLogAsync();
        var first = (await staging.PreparePublicationAsync())!;
        await staging.CopyAsync(64, 16);
        await staging.CommitFillsAsync();
        Assert.Equal(HeadRefusalReason.StagingIncomplete, (await staging.Volume.PublishAsync(first)).Refusal!.Reason);
        var second = (await staging.PreparePublicationAsync())!;
        staging.Write(9, 2);
        await staging.SealLogAsync(ends: false);
        await staging.CommitLogAsync();
        await staging.Volume.SaveAsync(await staging.Volume.PublishAsync(second));

        Assert.Null(staging.Head.Staging);
        Assert.Equal(1, staging.Head.Tail.Count);
        Assert.Equal(staging.Head.CommittedSequence - 1, staging.Head.BaseSequence);
        await staging.AuditAsync();
        await staging.Volume.VerifyAsync(model: staging.Local);
    }

    [Fact]
    public async Task What_is_staged_is_no_recovery_point_and_a_snapshot_waits_for_the_publication()
    {
        using var staging = await BegunAsync(Retention.Default with { Window = TimeSpan.FromDays(365) });
        var main = new Dictionary<long, int>(staging.Volume.Model);
        var tip = staging.Head.CommittedSequence;
        await staging.CopyAsync(0, 128);
        await staging.CommitFillsAsync();
        for (var i = 0; i < 3; i++)
        {
            staging.Write(i, 1);
            await staging.SealLogAsync();
            await staging.CommitLogAsync();
        }
        Assert.Equal(HeadRefusalReason.Staging, HeadMachine.Snapshot(staging.Head, "snap-x").Refusal!.Reason);
        await staging.Volume.VerifyAsync(model: main);
        var published = new Dictionary<long, int>(staging.Local);
        await staging.PublishAsync("snap-waited");

        var catalogue = staging.Volume.OpenCatalogue();
        var cut = (await catalogue.FindSnapshotAsync("snap-waited"))!;
        Assert.Equal(tip + 3, cut.Sequence);
        await staging.Volume.VerifyAsync(cut.Image, published);
        for (var between = tip + 1; between < tip + 3; between++)
            Assert.Null(await RecoveryPoints.FindAsync(staging.Head, catalogue, between, "p", staging.Volume.Segments, staging.Volume.Sealer));
        var before = (await RecoveryPoints.FindAsync(staging.Head, catalogue, tip, "p", staging.Volume.Segments, staging.Volume.Sealer))!.Value;
        foreach (var blob in before.Blobs) await staging.Volume.PutAsync(blob, default);
        await staging.Volume.VerifyAsync(before.Cut.Image, main);
    }

    [Fact]
    public async Task An_abandoned_branch_leaves_the_main_image_and_condemns_all_that_was_staged()
    {
        using var staging = await BegunAsync();
        var main = new Dictionary<long, int>(staging.Volume.Model);
        await staging.Volume.FoldAsync();
        await staging.Volume.BuryAsync();
        for (var i = 0; i < 7; i++)
        {
            await staging.CopyAsync(i * 64, 64);
            await staging.CommitFillsAsync();
            staging.Write(i * 16, 8);
            await staging.SealLogAsync();
            await staging.CommitLogAsync();
            if (i == 3) await staging.FoldAsync();
        }
        await staging.AuditAsync();
        await staging.AbandonAsync();
        await staging.AuditAsync();
        await staging.Volume.BuryAsync();

        await staging.Volume.VerifyAsync(model: main);
        var staged = await staging.Volume.Store.ListAsync($"{staging.Volume.Lineage}/fill-").ToListAsync();
        Assert.Empty(staged);
        var marks = await Auditor.MarkAsync(staging.Head, staging.Volume.Segments);
        var left = await OrphanCollector.ListAsync(staging.Volume.Store, staging.Volume.Lineage);
        var known = await staging.Volume.OpenCatalogue().ListTombstonesAsync().Select(tombstone => tombstone.BlobKey).ToListAsync();
        Assert.DoesNotContain(left, entry => !marks.Blobs.Contains(entry.Key) && !known.Contains(entry.Key));
    }

    [Fact]
    public async Task I7_an_abandoned_or_older_epoch_commits_nothing_to_a_branch()
    {
        using var staging = await BegunAsync();
        await staging.CopyAsync(0, 16);
        await staging.Volume.SaveAsync(StagingMachine.Abandon(staging.Head));
        Assert.Equal(HeadRefusalReason.StaleEpoch, StagingMachine.CommitFills(staging.Head, staging.Epoch, [], staging.Volume.Now, staging.Volume.Sealer).Refusal!.Reason);
        Assert.Equal(HeadRefusalReason.StagingClosing, HeadMachine.Attach(staging.Head, staging.Claim).Refusal!.Reason);
        await staging.DropAsync();
        await staging.BeginAsync();
        await staging.CopyAsync(0, 16);
        await staging.Volume.SaveAsync(HeadMachine.Attach(staging.Head, staging.Claim));
        await staging.CommitFillsAsync().ContinueWith(failed => Assert.NotNull(failed.Exception), TaskScheduler.Default);
        staging.Resume();
        await staging.CopyAsync(0, 64);
        await staging.CommitFillsAsync();
        staging.Write(1, 1);
        await staging.SealLogAsync();
        await staging.CommitLogAsync();
        await PublishedAsync(staging);
    }

    [Fact]
    public async Task After_another_change_of_the_store_another_branch_takes_the_place_of_the_first()
    {
        using var staging = await BegunAsync();
        staging.Write(50, 8);
        staging.Discard(70, 8);
        await staging.SealLogAsync();
        await staging.CommitLogAsync();
        await staging.FoldAsync();
        var first = staging.Branch.FirstEpoch;
        var claim = staging.Claim with { LogResumesAt = staging.Branch.LogEnd + 512 };
        await staging.Volume.SaveAsync(StagingMachine.Begin(staging.Head, claim, staging.Volume.Now));
        Assert.True(staging.Branch.IsAbandoned);
        await staging.DropAsync();
        await staging.BeginAsync(claim);
        Assert.True(staging.Branch.FirstEpoch > first);
        staging.WritePast(48, 40);
        await staging.CopyAsync(0, 128);
        await staging.CommitFillsAsync();
        staging.Write(60, 1);
        staging.Discard(100, 4);
        await staging.SealLogAsync();
        await staging.CommitLogAsync();
        await staging.FoldAsync();
        await PublishedAsync(staging);

        // The zeroes of branches that are over go in the background.
        var gone = (await StagingEnd.PrepareZeroesAsync(staging.Head, staging.Volume.Now, staging.Volume.Segments, staging.Volume.Sealer))!;
        await staging.Volume.SaveAsync(await staging.Volume.PublishAsync(gone));
        Assert.Null(await StagingEnd.PrepareZeroesAsync(staging.Head, staging.Volume.Now, staging.Volume.Segments, staging.Volume.Sealer));
    }

    [Fact]
    public async Task A_log_whose_commits_were_not_answered_and_whose_store_changed_is_known_by_its_seals_when_the_branch_was_not_heard_of()
    {
        using var staging = await BegunAsync();
        var branch = staging.Branch;
        // The commit of the branch's first sequence was never answered, nor was the attach that began the branch.
        var seal = new SealClaim(branch.Sequence, 0, branch.LogEnd - 512, branch.Digest);
        var unheard = new AttachClaim(staging.Epoch, branch.Sequence - 1, SegmentDigest.None, 0, staging.Head.SizeBytes, [seal]) { IsStoreChanged = true, LogResumesAt = branch.LogEnd };
        Assert.Null(HeadMachine.Attach(staging.Head, unheard).Refusal);
        Assert.Equal(HeadRefusalReason.Diverged, HeadMachine.Attach(staging.Head, unheard with { IsStoreChanged = false }).Refusal!.Reason);
    }

    [Fact]
    public async Task The_log_of_a_copy_does_not_stand_in_for_the_barrier_that_ends_the_copying()
    {
        using var staging = await BegunAsync();
        await staging.CopyAsync(0, 64);
        await staging.CommitFillsAsync();
        var declared = staging.Declare() with { Mark = StagingMark.Next(staging.Branch.FirstEpoch, new SeededNonces(1)) };
        // Another process with a copy of the log, and its epoch, takes the branch past where this one's barrier is.
        staging.Write(3, 1);
        await staging.SealLogAsync();
        await staging.CommitLogAsync();
        var refusal = StagingDeclaration.Check(staging.Head, declared)!.Refusal!;
        Assert.Equal(HeadRefusalReason.StagingIncomplete, refusal.Reason);
        Assert.Contains(declared.Mark, refusal.Message, StringComparison.Ordinal);
        Assert.Null(await staging.PreparePublicationAsync(declared));
    }

    [Fact]
    public async Task A_log_that_filled_another_branch_is_not_the_volume_s_though_it_says_the_same()
    {
        using var staging = await BegunAsync();
        await staging.CopyAsync(0, 64);
        await staging.CommitFillsAsync();
        await staging.SealLogAsync();
        await staging.CommitLogAsync();
        var branch = staging.Branch.FirstEpoch;
        await PublishedAsync(staging);

        var own = staging.Claim with { IsStoreChanged = false };
        Assert.Null(HeadMachine.Attach(staging.Head, own with { LastEpoch = branch }).Refusal);
        var other = HeadMachine.Attach(staging.Head, own with { LastEpoch = branch - 1 }).Refusal!;
        Assert.Equal(HeadRefusalReason.Diverged, other.Reason);
        Assert.Contains($"epoch {branch} ", other.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_with_a_gap_is_ahead_of_a_service_that_does_not_know_the_gap()
    {
        var volume = new VolumeScenario(sizeBytes: Size);
        using var staging = new StagingScenario(volume);
        var before = staging.Head;
        await staging.BeginAsync(staging.Claim with { LogResumesAt = 512 });
        var heard = staging.Claim with { IsStoreChanged = false };
        Assert.Null(HeadMachine.Attach(staging.Head, heard).Refusal);
        Assert.Equal(HeadRefusalReason.HeadBehind, HeadMachine.Attach(before, heard).Refusal!.Reason);
        // And another log of which nothing was committed either is not taken for it.
        Assert.Equal(HeadRefusalReason.HeadBehind, HeadMachine.Attach(staging.Head, heard with { CommittedLogEnd = 0 }).Refusal!.Reason);
    }

    [Fact]
    public async Task A_block_of_512_KiB_is_one_small_segment_that_is_staged_before_anything_is_answered()
    {
        var volume = new VolumeScenario(sizeBytes: Size);
        using var staging = new StagingScenario(volume);
        await staging.BeginAsync();
        staging.WritePast(1024, 128);
        await staging.CopyAsync(1024, 128);
        await staging.CommitFillsAsync(1);
        Assert.Equal(1, staging.Branch.Fills);
        staging.WritePast(1024, 128);
        await staging.CopyAsync(1024, 128);
        await staging.CommitFillsAsync(1);
        await staging.SealLogAsync();
        await staging.CommitLogAsync();

        await PublishedAsync(staging);
    }

    [Fact]
    public async Task A_branch_of_any_size_is_folded_on_the_way_and_a_full_tail_only_waits()
    {
        using var staging = await BegunAsync();
        for (var i = 0; i < 300; i++)
        {
            if (StagingMachine.ShouldFold(staging.Head)) await staging.FoldAsync();
            staging.WritePast(i * 16, 2);
            await staging.CopyAsync(i * 16, 16);
            await staging.CommitFillsAsync();
            Assert.InRange(staging.Branch.Tail.Count, 1, StagingMachine.FoldAtSegments);
            Assert.InRange(staging.Head.Encode().Length, 1, VolumeHead.MaxEncodedBytes);
        }
        for (var i = 0; staging.Branch.Tail.Count < Tail.MaxSegments; i++)
        {
            await staging.CopyAsync(i * 16, 1);
            await staging.CommitFillsAsync();
        }
        staging.Write(0, 1);
        await staging.SealLogAsync();
        var full = HeadMachine.Commit(staging.Head, staging.Epoch, staging.PeekLog(), staging.Volume.Now, staging.Volume.Sealer);
        Assert.Equal(HeadRefusalReason.TailFull, full.Refusal!.Reason);
        await staging.FoldAsync();
        await staging.CommitLogAsync();
        await PublishedAsync(staging);
    }

    [Fact]
    public async Task I6_Damage_in_a_branch_is_found_and_named()
    {
        using var staging = await BegunAsync();
        staging.WritePast(300, 20);
        await staging.CopyAsync(300, 20);
        await staging.CommitFillsAsync();
        var fill = staging.Branch.Tail.Inline[^1].Segment.Identity.BlobKey;
        Assert.Empty((await ScrubAsync(staging)).Suspects);
        await staging.FoldAsync();
        Assert.Empty((await ScrubAsync(staging)).Suspects);
        await staging.Volume.Store.DeleteAsync(fill);
        Assert.Contains(fill, (await ScrubAsync(staging)).Suspects);
    }

    private static Task<ScrubProgress> ScrubAsync(StagingScenario staging) =>
        new VolumeScrub(staging.Volume.Store, staging.Volume.Ring, long.MaxValue, TimeProvider.System).RunAsync(staging.Head, [], "", _ => Task.CompletedTask, default);

    private static async Task<StagingScenario> BegunAsync(Retention? retention = null)
    {
        var volume = new VolumeScenario(sizeBytes: Size);
        if (retention is not null) volume.Retention = retention;
        for (var i = 0; i < 4; i++)
        {
            volume.Write(i * 20, 30);
            volume.Discard(i * 20 + 5, 3);
            await volume.CommitAsync();
            if (i == 2) await volume.FoldAsync();
        }
        var staging = new StagingScenario(volume);
        await staging.BeginAsync();
        Assert.Equal(2, staging.Head.Incarnation);
        return staging;
    }

    private static async Task PublishedAsync(StagingScenario staging)
    {
        await staging.AuditAsync();
        await staging.PublishAsync();
        Assert.Null(staging.Head.Staging);
        await staging.AuditAsync();
        await staging.Volume.BuryAsync();
        await staging.Volume.VerifyAsync(model: staging.Local);
    }
}
