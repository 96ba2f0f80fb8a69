using Orleans.Core.Internal;
using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Volumes;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>A snapshot offered to another account, which copies it (docs/formats/copy.md).</summary>
[Collection(GrainCollection.Name)]
public sealed class CopyTests(GrainCluster cluster)
{
    [Fact]
    public async Task I13_A_copy_equals_its_snapshot_under_the_other_accounts_keys_alone_and_outlives_it()
    {
        await using var copy = await CopyUnderTest.NewAsync(cluster);
        var source = new LineageId(copy.From.AccountId, copy.Source.VolumeId);
        var expected = await CopyUnderTest.HashAsync(source, copy.SourceSnapshotId);
        var before = await copy.From.AsTenant(copy.SourceSnapshot.Describe);
        await copy.CompleteAsync();

        Assert.Equal(expected, await CopyUnderTest.HashAsync(copy.Lineage, copy.SnapshotId));
        var snapshot = await copy.To.AsTenant(copy.Snapshot.Describe);
        Assert.Equal((SnapshotState.Completed, copy.To.AccountId, copy.CopyId, "theirs"), (snapshot.State, snapshot.AccountId, snapshot.VolumeId, snapshot.Description));
        Assert.Equal((before.PointAt, before.SizeBytes), (snapshot.PointAt, snapshot.SizeBytes));
        var described = await copy.To.AsTenant(copy.Copy.DescribeCopy);
        // The block of zeroes is not there any more.
        var data = ((CopyUnderTest.Blocks - 2) * BlockGeometry.BlockBytes) + (4 * BlockGeometry.SectorBytes);
        Assert.Equal((SnapshotCopyState.Completed, 1d, (long)data), (described.State, described.Progress, described.CopiedBytes));
        var stored = (await new Bucket(GrainCluster.Blobs, GrainCluster.AccountKeys).OpenAsync(copy.Lineage))!;
        Assert.All(stored.Manifest.Keys, key => Assert.Equal(copy.Lineage, key.Owner));

        // What becomes of the source does not matter; the copy restores as any snapshot does.
        await copy.From.AsTenant(copy.SourceSnapshot.Delete);
        await copy.From.AsTenant(async () => await copy.Source.Volume.Erase(await copy.Source.Volume.ListEraseVictims()));
        await ReclaimedAsync(copy);
        Assert.Equal(expected, await CopyUnderTest.HashAsync(copy.Lineage, copy.SnapshotId));
        var restored = await VolumeUnderTest.NewAsync(cluster, copy.To, copy.SnapshotId);
        Assert.Equal(1, await restored.ReadByteAsync());
        Assert.Equal(78, await restored.ReadByteAsync((60 * BlockGeometry.BlockBytes) + (10 * 4096)));
        Assert.Empty(await DisagreementsAsync(copy.CopyId));
    }

    [Fact]
    public async Task I14_Both_accounts_have_every_step_of_a_copy_in_their_audit_log_once()
    {
        await using var copy = await CopyUnderTest.NewAsync(cluster);
        await copy.CompleteAsync();
        Assert.Equal(copy.CopyId, (await copy.AcceptAsync()).CopyId);
        Assert.Equal(["snapshot-offer.made", "snapshot-offer.accepted", "snapshot-offer.completed"], GrainCluster.Publisher.KindsOf(copy.OfferId));
        Assert.Equal(["snapshot-copy.begun", "snapshot-copy.completed"], GrainCluster.Publisher.KindsOf(copy.CopyId).Where(kind => kind.StartsWith("snapshot-copy", StringComparison.Ordinal)));
        Assert.Equal(["snapshot.completed"], GrainCluster.Publisher.KindsOf(copy.SnapshotId));
        Assert.All(GrainCluster.Publisher.Of(copy.OfferId), entry => Assert.Equal(copy.From.AccountId, entry.AccountId));
        Assert.All(GrainCluster.Publisher.Of(copy.CopyId), entry => Assert.Equal(copy.To.AccountId, entry.AccountId));
        // Nothing that the other account reads names the source.
        Assert.DoesNotContain(GrainCluster.Publisher.Of(copy.CopyId), entry => entry.Json.Contains(copy.Source.VolumeId, StringComparison.Ordinal) || entry.Json.Contains(copy.SourceSnapshotId, StringComparison.Ordinal));
    }

    [Fact]
    public async Task I10_An_offer_is_there_for_its_two_accounts_alone_and_each_does_what_is_its_own()
    {
        await using var copy = await CopyUnderTest.NewAsync(cluster);
        await using var stranger = await GatewayUnderTest.NewAsync(cluster);
        await copy.MakeAsync();
        var none = cluster.Grains.GetGrain<ISnapshotOfferGrain>(ResourceId.New(ResourceKind.Offer));
        foreach (var act in (Func<ISnapshotOfferGrain, Task>[])[offer => offer.Describe(), offer => offer.Accept(copy.CopyId, copy.SnapshotId, ""), offer => offer.Revoke()])
        {
            var foreign = await GrainCluster.RefusedAsync(() => stranger.AsTenant(() => act(copy.Offer)), ErrorCodes.NotFound);
            var missing = await GrainCluster.RefusedAsync(() => stranger.AsTenant(() => act(none)), ErrorCodes.NotFound);
            Assert.Equal(missing.Message.Replace(none.GetPrimaryKeyString(), copy.OfferId, StringComparison.Ordinal), foreign.Message);
        }

        await GrainCluster.RefusedAsync(() => copy.From.AsTenant(() => copy.Offer.Accept(copy.CopyId, copy.SnapshotId, "")), ErrorCodes.NotFound);
        await GrainCluster.RefusedAsync(() => copy.To.AsTenant(copy.Offer.Revoke), ErrorCodes.NotFound);
        await GrainCluster.RefusedAsync(() => copy.To.AsTenant(copy.SourceSnapshot.Describe), ErrorCodes.NotFound);
        Assert.Equal("", (await copy.To.AsTenant(copy.Offer.Describe)).SnapshotId);
        // Not the snapshot's owner; and nobody is told whether an account exists.
        var request = new SnapshotOfferRequest(copy.SourceSnapshotId, stranger.AccountId, TimeSpan.FromDays(1));
        await GrainCluster.RefusedAsync(() => copy.To.AsTenant(() => none.Make(request)), ErrorCodes.NotFound);
        await copy.From.AsTenant(() => none.Make(request with { ToAccountId = "000000000000" }));

        await copy.AcceptAsync();
        await GrainCluster.Publisher.PublishedAsync(copy.SnapshotId, "snapshot.completed");
        Assert.Equal("", (await copy.From.AsTenant(copy.Offer.Describe)).CopyId);
        foreach (var other in (GatewayUnderTest[])[copy.From, stranger])
        {
            await GrainCluster.RefusedAsync(() => other.AsTenant(copy.Copy.DescribeCopy), ErrorCodes.NotFound);
            await GrainCluster.RefusedAsync(() => other.AsTenant(copy.Copy.CancelCopy), ErrorCodes.NotFound);
            await GrainCluster.RefusedAsync(() => other.AsTenant(copy.Snapshot.Describe), ErrorCodes.NotFound);
        }
    }

    [Fact]
    public async Task An_offer_is_accepted_once_by_one_copy()
    {
        await using var copy = await CopyUnderTest.NewAsync(cluster);
        await copy.MakeAsync();
        var others = Enumerable.Range(0, 4).Select(_ => copy.To.AsTenant(
            () => copy.Offer.Accept(ResourceId.New(ResourceKind.Volume), ResourceId.New(ResourceKind.Snapshot), "")));
        var accepted = await Task.WhenAll([copy.AcceptAsync(), .. others]);
        Assert.Single(accepted.Select(one => (one.CopyId, one.SnapshotId)).Distinct());
        await GrainCluster.Publisher.PublishedAsync(accepted[0].SnapshotId, "snapshot.completed");
        await copy.From.AsTenant(copy.Offer.Revoke);
        Assert.Equal(SnapshotOfferState.Completed, (await copy.To.AsTenant(copy.Offer.Describe)).State);
        await GrainCluster.RefusedAsync(() => copy.To.AsTenant(cluster.Grains.GetGrain<ISnapshotCopyGrain>(accepted[0].CopyId).CancelCopy), ErrorCodes.InvalidState);
    }

    [Fact]
    public async Task An_offer_that_expired_or_was_revoked_is_not_accepted()
    {
        await using var expired = await CopyUnderTest.NewAsync(cluster);
        await using var revoked = await CopyUnderTest.NewAsync(cluster);
        await expired.MakeAsync();
        await revoked.MakeAsync();
        await revoked.From.AsTenant(revoked.Offer.Revoke);
        await revoked.From.AsTenant(revoked.Offer.Revoke);
        Assert.Contains("revoked", (await GrainCluster.RefusedAsync(revoked.AcceptAsync, ErrorCodes.InvalidState)).Message, StringComparison.Ordinal);
        GrainCluster.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Contains("expired", (await GrainCluster.RefusedAsync(expired.AcceptAsync, ErrorCodes.InvalidState)).Message, StringComparison.Ordinal);
        Assert.Equal(SnapshotOfferState.Expired, (await expired.To.AsTenant(expired.Offer.Describe)).State);
        foreach (var copy in (CopyUnderTest[])[expired, revoked])
        {
            await GrainCluster.RefusedAsync(() => copy.To.AsTenant(copy.Copy.DescribeCopy), ErrorCodes.NotFound);
            Assert.Empty(copy.Stored);
        }
    }

    [Theory]
    [InlineData("revoke", "revoked")]
    [InlineData("delete", "deleted or erased")]
    [InlineData("erase", "deleted or erased")]
    [InlineData("cancel", "")]
    [InlineData("erase copy", "")]
    public async Task A_copy_whose_ground_is_taken_away_while_it_is_made_says_so_and_leaves_nothing(string act, string reason)
    {
        await using var copy = await CopyUnderTest.NewAsync(cluster);
        await copy.HoldAsync(5);
        var isSource = act is "revoke" or "delete" or "erase";
        Assert.InRange((await copy.To.AsTenant(copy.Copy.DescribeCopy)).Progress, 0.01, 0.99);
        Assert.NotEmpty(copy.Data);
        await GrainCluster.RefusedAsync(() => copy.To.AsTenant(copy.Snapshot.Describe), ErrorCodes.NotFound);
        await (act switch
        {
            "revoke" => copy.From.AsTenant(copy.Offer.Revoke),
            "delete" => copy.From.AsTenant(copy.SourceSnapshot.Delete),
            "erase" => copy.From.AsTenant(async () => await copy.Source.Volume.Erase(await copy.Source.Volume.ListEraseVictims())),
            "cancel" => copy.To.AsTenant(copy.Copy.CancelCopy),
            _ => copy.To.AsTenant(() => cluster.Grains.GetGrain<IVolumeGrain>(copy.CopyId).Erase([])),
        });
        await copy.ReleaseAsync();
        if (isSource) await GrainCluster.Publisher.PublishedAsync(copy.CopyId, "snapshot-copy.failed");

        var ended = await copy.To.AsTenant(copy.Copy.DescribeCopy);
        Assert.Equal(isSource ? SnapshotCopyState.Failed : SnapshotCopyState.Cancelled, ended.State);
        Assert.Contains(reason, ended.FailureReason, StringComparison.Ordinal);
        await GrainCluster.RefusedAsync(() => copy.To.AsTenant(copy.Snapshot.Describe), ErrorCodes.NotFound);
        await GrainCluster.RefusedAsync(() => copy.To.AsTenant(cluster.Grains.GetGrain<IVolumeGrain>(copy.CopyId).Describe), ErrorCodes.NotFound);
        await copy.To.AsTenant(copy.Copy.CancelCopy);
        Assert.Equal(act == "revoke" ? SnapshotOfferState.Revoked : SnapshotOfferState.Failed, (await copy.To.AsTenant(copy.Offer.Describe)).State);
        for (var look = 0; look < 2; look++)
        {
            await cluster.SettleAsync(copy.CopyId);
            GrainCluster.Clock.Advance(TimeSpan.FromHours(2));
        }

        Assert.Empty(copy.Stored);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(7)]
    public async Task A_copy_goes_on_where_it_was_when_the_silo_that_made_it_is_killed(long killedAt)
    {
        await using var copy = await CopyUnderTest.NewAsync(cluster);
        var source = new LineageId(copy.From.AccountId, copy.Source.VolumeId);
        await copy.HoldAsync(killedAt);
        var before = copy.Data;
        await cluster.Grains.GetGrain<ISnapshotCopyGrain>(copy.CopyId).Cast<IGrainManagementExtension>().DeactivateOnIdle();
        await copy.ReleaseAsync(isKilled: true);
        await GrainCluster.RefusedAsync(() => copy.To.AsTenant(copy.Snapshot.Describe), ErrorCodes.NotFound);
        await cluster.SettleAsync(copy.CopyId);
        await GrainCluster.Publisher.PublishedAsync(copy.SnapshotId, "snapshot.completed");

        Assert.Equal(await CopyUnderTest.HashAsync(source, copy.SourceSnapshotId), await CopyUnderTest.HashAsync(copy.Lineage, copy.SnapshotId));
        // What was committed before is not copied again.
        var committed = (killedAt - 1) / 2 * 2;
        foreach (var blob in before.Where(key => long.Parse(key.Split('/')[3].AsSpan(0, 16), System.Globalization.NumberStyles.AllowHexSpecifier) <= committed))
            Assert.Single(copy.Data, key => key.StartsWith(blob[..^32], StringComparison.Ordinal));
        Assert.Empty(await DisagreementsAsync(copy.CopyId));
    }

    [Fact]
    public async Task A_copy_whose_completion_the_database_lost_is_complete_again_by_its_head_though_the_source_is_gone()
    {
        await using var copy = await CopyUnderTest.NewAsync(cluster);
        await copy.CompleteAsync();
        await cluster.WorkEndedAsync(copy.CopyId);
        var expected = await CopyUnderTest.HashAsync(copy.Lineage, copy.SnapshotId);
        await copy.From.AsTenant(copy.SourceSnapshot.Delete);
        var id = GrainId.Create("volume", copy.CopyId);
        var stored = new GrainState<VolumeState>();
        await cluster.Storage.ReadStateAsync("volume", id, stored);
        stored.State = stored.State! with { Copy = stored.State.Copy! with { Stage = SnapshotCopyState.Copying }, DeletedAt = null, Snapshots = [] };
        await cluster.Storage.WriteStateAsync("volume", id, stored);
        await copy.Copy.Cast<IGrainManagementExtension>().DeactivateOnIdle();

        await cluster.SettleAsync(copy.CopyId);
        await cluster.WorkEndedAsync(copy.CopyId);
        Assert.Equal(SnapshotCopyState.Completed, (await copy.To.AsTenant(copy.Copy.DescribeCopy)).State);
        Assert.Equal(expected, await CopyUnderTest.HashAsync(copy.Lineage, copy.SnapshotId));
    }

    [Fact]
    public async Task I6_A_damaged_source_fails_the_copy_and_the_other_account_learns_nothing_of_it()
    {
        await using var copy = await CopyUnderTest.NewAsync(cluster);
        var blob = GrainCluster.Blobs.Keys.First(key => key.StartsWith($"{copy.From.AccountId}/{copy.Source.VolumeId}/0", StringComparison.Ordinal));
        GrainCluster.Blobs.Tamper(blob, bytes =>
        {
            bytes[300] ^= 1;
            return bytes;
        });
        await copy.MakeAsync();
        await copy.AcceptAsync();
        await GrainCluster.Publisher.PublishedAsync(copy.CopyId, "snapshot-copy.failed");
        var failed = await copy.To.AsTenant(copy.Copy.DescribeCopy);
        Assert.Contains("damaged", failed.FailureReason, StringComparison.Ordinal);
        Assert.DoesNotContain(copy.Source.VolumeId, failed.FailureReason, StringComparison.Ordinal);
    }

    // All that time asks of the lineage: fold, retirement of the volume around the snapshot, deletions after their grace.
    private async Task ReclaimedAsync(CopyUnderTest copy)
    {
        for (var look = 0; look < 3; look++)
        {
            await cluster.SettleAsync(copy.CopyId);
            await cluster.WorkEndedAsync(copy.CopyId);
            GrainCluster.Clock.Advance(new ReclaimSettings().Grace + TimeSpan.FromSeconds(1));
        }

        await cluster.SettleAsync(copy.CopyId);
        await cluster.WorkEndedAsync(copy.CopyId);
    }

    private async Task<IReadOnlyList<string>> DisagreementsAsync(string volumeId)
    {
        await cluster.WorkEndedAsync(volumeId);
        var state = new GrainState<VolumeState>();
        await cluster.Storage.ReadStateAsync("volume", GrainId.Create("volume", volumeId), state);
        var head = VolumeHead.Decode(state.State!.Head);
        var keys = await VolumeKeys.UnwrapAsync(GrainCluster.AccountKeys, state.State.Keys);
        var segments = new SegmentCache(new BlobStoreSource(GrainCluster.Blobs), keys.Ring).At(head.Relocations);
        return await Audit.CompareAsync(head, await Auditor.MarkAsync(head, segments), segments);
    }
}
