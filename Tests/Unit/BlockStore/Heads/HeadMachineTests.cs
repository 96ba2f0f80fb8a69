using Tidegate.BlockStore;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Heads;

/// <summary>The rules of <c>docs/formats/head.md</c>, one by one.</summary>
public sealed class HeadMachineTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);

    [Fact]
    public async Task I8_a_repeated_commit_changes_nothing()
    {
        var volume = new VolumeScenario();
        volume.Write(0, 4);
        var claim = await volume.SealAsync();
        var first = HeadMachine.Commit(volume.Head, 1, [claim], Now, volume.Sealer);
        Assert.Equal(1, first.Head.CommittedSequence);
        var repeat = HeadMachine.Commit(first.Head, 1, [claim], Now.AddHours(1), volume.Sealer);
        Assert.True(repeat.IsRepeat);
        Assert.Equal(first.Head, repeat.Head);
        Assert.Empty(repeat.Blobs);
        // The same range, encrypted again after a restart of the upload: another key, the same digest.
        Assert.True(HeadMachine.Commit(first.Head, 1, [claim with { BlobKey = claim.BlobKey[..^1] + "0" }], Now, volume.Sealer).IsRepeat);
        AssertRefused(
            HeadMachine.Commit(first.Head, 1, [claim with { Digest = SegmentDigest.None }], Now, volume.Sealer),
            HeadRefusalReason.NotContiguous);
    }

    [Fact]
    public async Task I7_after_a_new_attach_the_older_epoch_commits_nothing()
    {
        var volume = new VolumeScenario();
        volume.Write(0, 4);
        var claim = await volume.SealAsync();
        volume.Attach();
        AssertRefused(HeadMachine.Commit(volume.Head, 1, [claim], Now, volume.Sealer), HeadRefusalReason.StaleEpoch);
        AssertRefused(HeadMachine.Commit(volume.Head, 3, [claim], Now, volume.Sealer), HeadRefusalReason.Invalid);
        // Nor does the new epoch take a segment that was sealed under the old one.
        AssertRefused(HeadMachine.Commit(volume.Head, 2, [claim], Now, volume.Sealer), HeadRefusalReason.Invalid);
    }

    [Fact]
    public async Task I3_only_the_next_segment_of_the_chain_is_committed_and_a_bad_one_stops_all()
    {
        var (volume, claims) = await ChainAsync(3);
        HeadChange Commit(params SegmentClaim[] segments) => HeadMachine.Commit(volume.Head, 1, segments, Now, volume.Sealer);
        Assert.Equal(3, Commit(claims).Head.CommittedSequence);
        AssertRefused(Commit(claims[1]), HeadRefusalReason.NotContiguous);
        AssertRefused(Commit(claims[0], claims[2]), HeadRefusalReason.NotContiguous);
        AssertRefused(Commit(claims[0], claims[1] with { PreviousDigest = claims[2].Digest }), HeadRefusalReason.NotContiguous);
        AssertRefused(Commit(claims[0], claims[1] with { LogStart = claims[1].LogStart + 1 }), HeadRefusalReason.NotContiguous);
        AssertRefused(Commit(claims[0], claims[1] with { LogEnd = claims[1].LogStart - 1 }), HeadRefusalReason.NotContiguous);
        AssertRefused(Commit(claims[0], claims[0]), HeadRefusalReason.Invalid);
        AssertRefused(Commit(claims[0] with { BlobKey = claims[1].BlobKey }), HeadRefusalReason.Invalid);
        AssertRefused(
            Commit(claims[0] with { BlobKey = claims[0].BlobKey.Replace("vol-1", "vol-2", StringComparison.Ordinal) }),
            HeadRefusalReason.Invalid);
        AssertRefused(Commit(claims[0] with { FrameBytes = claims[0].LengthBytes + 1 }), HeadRefusalReason.Invalid);
        AssertRefused(Commit(claims[0] with { LengthBytes = 1L << 40 }), HeadRefusalReason.Invalid);
    }

    [Fact]
    public async Task A_commit_may_begin_with_what_is_committed_already()
    {
        var (volume, claims) = await ChainAsync(4);
        var head = HeadMachine.Commit(volume.Head, 1, claims[..2], Now, volume.Sealer).Head;
        var change = HeadMachine.Commit(head, 1, claims, Now, volume.Sealer);
        Assert.Null(change.Refusal);
        Assert.Equal(4, change.Head.CommittedSequence);
        Assert.Equal(claims[3].LogEnd, change.Head.CommittedLogEnd);
        Assert.Equal(claims[3].Digest, change.Head.TipDigest);
    }

    [Fact]
    public async Task Full_sets_of_inline_entries_go_to_one_manifest_before_the_save()
    {
        var (volume, claims) = await ChainAsync(40);
        var change = HeadMachine.Commit(volume.Head, 1, claims[..16], Now, volume.Sealer);
        Assert.Empty(change.Blobs);
        Assert.Equal(16, change.Head.Tail.Inline.Length);
        change = HeadMachine.Commit(change.Head, 1, claims[16..], Now, volume.Sealer);
        Assert.Single(change.Blobs);
        Assert.Equal((32, 8), (change.Head.Tail.ManifestCount, change.Head.Tail.Inline.Length));
        foreach (var blob in change.Blobs) await volume.PutAsync(blob, default);
        var tail = await TailManifest.LoadAsync(volume.Segments, change.Head.Tail, default);
        Assert.Equal(claims.Select(claim => claim.BlobKey), tail.Select(entry => entry.Segment.Identity.BlobKey));
    }

    [Fact]
    public async Task A_cut_inside_a_commit_has_a_tail_that_fits_and_ends_at_the_cut()
    {
        var (volume, claims) = await ChainAsync(40);
        claims[19] = claims[19] with { SnapshotIds = ["snap-1"] };
        claims[22] = claims[22] with { SnapshotIds = ["snap-2"] };
        var change = HeadMachine.Commit(volume.Head, 1, claims, Now, volume.Sealer);
        foreach (var blob in change.Blobs) await volume.PutAsync(blob, default);
        Assert.Equal([20L, 23L], change.Cuts.Select(cut => cut.Sequence));
        foreach (var (image, count) in change.Cuts.Select(cut => (cut.Image, (int)cut.Sequence)).Append((change.Head.ToImage(), 40)))
        {
            Assert.InRange(image.Tail.Inline.Length, 1, Tail.MaxInline);
            var tail = await TailManifest.LoadAsync(volume.Segments, image.Tail, default);
            Assert.Equal(claims[..count].Select(claim => claim.BlobKey), tail.Select(entry => entry.Segment.Identity.BlobKey));
        }
    }

    [Fact]
    public async Task A_full_tail_takes_no_more_until_a_fold()
    {
        var volume = new VolumeScenario();
        for (var i = 0; i < Tail.MaxSegments; i++) await volume.CommitAsync();
        var claim = await volume.SealAsync();
        AssertRefused(HeadMachine.Commit(volume.Head, 1, [claim], Now, volume.Sealer), HeadRefusalReason.TailFull);
        Assert.True(HeadMachine.ShouldFold(volume.Head));
        await volume.FoldAsync();
        Assert.False(HeadMachine.ShouldFold(volume.Head));
        Assert.Null(HeadMachine.Commit(volume.Head, 1, [claim], Now, volume.Sealer).Refusal);
    }

    [Fact]
    public async Task Attach_is_granted_at_the_tip_and_to_a_log_whose_replies_were_lost()
    {
        var (volume, claims) = await ChainAsync(20);
        var head = HeadMachine.Commit(volume.Head, 1, claims[..18], Now, volume.Sealer).Head;
        SealClaim Seal(SegmentClaim claim) => new(claim.Sequence, claim.LogStart, claim.LogEnd, claim.Digest);
        AttachClaim At(int committed, int seals) => new(
            1, committed, committed == 0
                ? SegmentDigest.None
                : claims[committed - 1].Digest, committed == 0
                    ? 0
                    : claims[committed - 1].LogEnd, head.SizeBytes, [.. claims.Skip(committed).Take(seals).Select(Seal)]);
        foreach (var (committed, seals) in new[] { (18, 0), (18, 2), (17, 1), (10, 10), (0, 18) })
        {
            var change = HeadMachine.Attach(head, At(committed, seals));
            Assert.Null(change.Refusal);
            Assert.Equal(2, change.Head.Epoch);
            Assert.Equal(18, change.Head.CommittedSequence);
        }
        AssertRefused(HeadMachine.Attach(head, At(10, 7)), HeadRefusalReason.Diverged);
        AssertRefused(HeadMachine.Attach(head, At(0, 0)), HeadRefusalReason.Diverged);
        AssertRefused(HeadMachine.Attach(head, At(18, 0) with { LastDigest = claims[3].Digest }), HeadRefusalReason.Diverged);
        AssertRefused(HeadMachine.Attach(head, At(18, 0) with { CommittedLogEnd = 5 }), HeadRefusalReason.Diverged);
        var forked = At(16, 4);
        AssertRefused(
            HeadMachine.Attach(head, forked with { Seals = [forked.Seals[0], forked.Seals[1] with { Digest = claims[0].Digest }] }),
            HeadRefusalReason.Diverged);
        AssertRefused(
            HeadMachine.Attach(head, forked with { Seals = [forked.Seals[0] with { Digest = claims[0].Digest }, forked.Seals[1]] }),
            HeadRefusalReason.Diverged);
        AssertRefused(HeadMachine.Attach(head, forked with { Seals = [forked.Seals[1]] }), HeadRefusalReason.Diverged);
    }

    [Fact]
    public async Task A_log_that_knows_more_than_the_head_calls_for_a_rebuild_and_is_not_diverged()
    {
        var (volume, claims) = await ChainAsync(2);
        var head = HeadMachine.Commit(volume.Head, 1, claims[..1], Now, volume.Sealer).Head;
        AssertRefused(
            HeadMachine.Attach(head, new AttachClaim(1, 2, claims[1].Digest, claims[1].LogEnd, head.SizeBytes, [])),
            HeadRefusalReason.HeadBehind);
        AssertRefused(
            HeadMachine.Attach(head, new AttachClaim(7, 1, claims[0].Digest, claims[0].LogEnd, head.SizeBytes, [])),
            HeadRefusalReason.HeadBehind);
    }

    [Fact]
    public void A_store_larger_than_the_volume_does_not_attach_and_one_that_has_yet_to_grow_does()
    {
        var head = HeadMachine.Create(new LineageId("1", "v"), 1, 8192);
        var claim = new AttachClaim(0, 0, SegmentDigest.None, 0, 12288, []);
        AssertRefused(HeadMachine.Attach(head, claim), HeadRefusalReason.SizeMismatch);
        Assert.Null(HeadMachine.Attach(HeadMachine.Resize(head, 16384).Head, claim).Refusal);
    }

    [Fact]
    public void A_volume_grows_and_never_shrinks()
    {
        var head = HeadMachine.Create(new LineageId("1", "v"), 1, 8192);
        Assert.True(HeadMachine.Resize(head, 8192).IsRepeat);
        Assert.Equal(BlockGeometry.MaxVolumeBytes, HeadMachine.Resize(head, BlockGeometry.MaxVolumeBytes).Head.SizeBytes);
        foreach (var size in new[] { 4096L, 8193, BlockGeometry.MaxVolumeBytes + 4096 })
            AssertRefused(HeadMachine.Resize(head, size), HeadRefusalReason.Invalid);
        Assert.Throws<ArgumentException>(() => HeadMachine.Create(new LineageId("1", "v"), 1, 4097));
    }

    [Fact]
    public async Task A_snapshot_inside_a_commit_is_cut_at_its_own_segment()
    {
        var (volume, claims) = await ChainAsync(3);
        claims[1] = claims[1] with { SnapshotIds = ["snap-a", "snap-b"] };
        var change = HeadMachine.Commit(volume.Head, 1, claims, Now, volume.Sealer);
        Assert.Equal(["snap-a", "snap-b"], change.Cuts.Select(cut => cut.SnapshotId));
        Assert.All(change.Cuts, cut => Assert.Equal((2L, claims[1].LogEnd, 2), (cut.Sequence, cut.LogEnd, cut.Image.Tail.Count)));
        Assert.Equal(3, change.Head.CommittedSequence);
    }

    [Fact]
    public async Task A_fold_loses_to_one_that_was_published_meanwhile()
    {
        var volume = new VolumeScenario();
        volume.Write(0, 4);
        await volume.CommitAsync();
        var slow = (await volume.PrepareFoldAsync())!;
        var prepared = (await volume.PrepareAsync(slow))!;
        volume.Write(8, 4);
        await volume.CommitAsync();
        await volume.FoldAsync();
        AssertRefused(await volume.PublishAsync(prepared), HeadRefusalReason.Superseded);
        Assert.Null(await volume.PrepareAsync(slow));
        await volume.VerifyAsync();
    }

    [Fact]
    public async Task A_fold_keeps_what_was_committed_while_it_ran()
    {
        var volume = new VolumeScenario();
        for (var i = 0; i < 5; i++)
        {
            volume.Write(i * 3, 4);
            await volume.CommitAsync();
        }
        var fold = (await volume.PrepareFoldAsync())!;
        for (var i = 0; i < 40; i++)
        {
            volume.Write(i * 5, 4);
            await volume.CommitAsync();
        }
        await volume.SaveAsync(await volume.PublishAsync((await volume.PrepareAsync(fold))!));
        Assert.Equal((5L, 40), (volume.Head.BaseSequence, volume.Head.Tail.Count));
        await volume.VerifyAsync();
    }

    [Fact]
    public async Task A_fold_never_passes_a_cut_that_was_retained_while_it_ran()
    {
        var volume = new VolumeScenario();
        volume.Write(0, 4);
        await volume.CommitAsync();
        volume.Write(2, 4);
        await volume.CommitAsync("snap-late");
        volume.Write(4, 4);
        await volume.CommitAsync();
        var blind = (
            await new Tidegate.BlockStore.Folding.Folder(volume.Segments, volume.Sealer, volume.PutAsync).FoldAsync(volume.Head, []))!;
        Assert.Null(await volume.PrepareAsync(blind));
        await volume.FoldAsync();
        var snapshot = (await volume.OpenCatalogue().FindSnapshotAsync("snap-late"))!;
        Assert.Equal(0, snapshot.Image.Tail.Count);
        await volume.VerifyAsync(snapshot.Image, volume.SnapshotModels["snap-late"]);
    }

    [Fact]
    public async Task A_prepared_change_stands_through_commits_and_falls_with_any_change_of_the_catalogue()
    {
        var volume = new VolumeScenario();
        volume.Write(0, 4);
        await volume.CommitAsync();
        var fold = (await volume.PrepareFoldAsync())!;
        var prepared = (await volume.PrepareAsync(fold))!;
        volume.Write(2, 4);
        await volume.CommitAsync("snap-1");
        AssertRefused(await volume.PublishAsync(prepared), HeadRefusalReason.Superseded);
        prepared = (await volume.PrepareAsync(fold))!;
        volume.Write(7, 4);
        await volume.CommitAsync();
        AssertRefused(await volume.PublishAsync(prepared, late: PreparedChange.MaxAge + TimeSpan.FromTicks(1)), HeadRefusalReason.Superseded);
        await volume.SaveAsync(await volume.PublishAsync(prepared, late: PreparedChange.MaxAge));
        Assert.Equal((1L, 3L, 2), (volume.Head.BaseSequence, volume.Head.CommittedSequence, volume.Head.Tail.Count));
        await volume.VerifyAsync();
        await volume.VerifyAsync((await volume.OpenCatalogue().FindSnapshotAsync("snap-1"))!.Image, volume.SnapshotModels["snap-1"]);
    }

    [Fact]
    public async Task A_catalogue_update_made_from_another_catalogue_is_not_taken()
    {
        var volume = new VolumeScenario();
        await volume.CommitAsync();
        var stale = volume.OpenCatalogue();
        await stale.PutPinAsync(new Tidegate.BlockStore.Catalogues.PinRecord("vol-2", "snap-x", 1, 1, volume.Head.ToImage(), Now, false));
        var update = await stale.SealAsync(volume.Sealer, 1, Now);
        await volume.CommitAsync("snap-1");
        Assert.Throws<InvalidOperationException>(() => HeadMachine.ChangeCatalogue(volume.Head, update));
    }

    private static void AssertRefused(HeadChange change, HeadRefusalReason reason)
    {
        Assert.Equal(reason, change.Refusal?.Reason);
        Assert.Empty(change.Blobs);
        Assert.NotEmpty(change.Refusal!.Message);
    }

    /// <summary>Uncommitted claims that follow one another from a fresh volume.</summary>
    private static async Task<(VolumeScenario Volume, SegmentClaim[] Claims)> ChainAsync(int count)
    {
        var sealing = new VolumeScenario();
        sealing.Attach();
        var volume = new VolumeScenario();
        volume.Attach();
        var claims = new SegmentClaim[count];
        for (var i = 0; i < count; i++)
        {
            sealing.Write(i, 1);
            claims[i] = await sealing.SealAsync();
            await sealing.SaveAsync(HeadMachine.Commit(sealing.Head, 1, [claims[i]], Now, sealing.Sealer));
        }
        return (volume, claims);
    }
}
