using Tidegate.BlockStore;
using Tidegate.BlockStore.Heads;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

[Collection(GrainCollection.Name)]
public sealed class VolumeTests(GrainCluster cluster)
{
    private const int SegmentLogBytes = BlockGeometry.BlockBytes + 64;

    [Fact]
    public async Task M1_10_A_created_volume_enters_its_gateways_configuration_and_a_deleted_one_leaves_it()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        var told = await gateway.FrameAsync<LinkConfiguration>(frame => frame.Configuration.Volumes.Count == 1);
        Assert.Equal(volume.VolumeId, told.Configuration.Volumes[0].VolumeId);
        await gateway.AsTenant(() => volume.Volume.Create(VolumeUnderTest.Specification(gateway, "data-" + volume.VolumeId)));
        var taken = cluster.Grains.GetGrain<IVolumeGrain>(ResourceId.New(ResourceKind.Volume));
        await GrainCluster.RefusedAsync(
            () => gateway.AsTenant(() => taken.Create(VolumeUnderTest.Specification(gateway, "DATA-" + volume.VolumeId))), ErrorCodes.NameInUse);
        await gateway.AsTenant(volume.Volume.Delete);
        await gateway.FrameAsync<LinkConfiguration>(frame => frame.Configuration.Version > told.Configuration.Version && frame.Configuration.Volumes.Count == 0);
        await GrainCluster.RefusedAsync(() => gateway.AsTenant(volume.Volume.Describe), ErrorCodes.NotFound);
        await gateway.AsTenant(() => taken.Create(VolumeUnderTest.Specification(gateway, "DATA-" + volume.VolumeId)));
    }

    [Fact]
    public async Task A_volume_grows_for_its_gateway_and_the_head_and_never_shrinks()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        var grown = await gateway.AsTenant(() => volume.Volume.Resize(VolumeUnderTest.SizeBytes * 2));
        Assert.Equal(VolumeUnderTest.SizeBytes * 2, grown.SizeBytes);
        await gateway.FrameAsync<LinkConfiguration>(frame => frame.Configuration.Volumes is [{ SizeBytes: VolumeUnderTest.SizeBytes * 2 }]);
        Assert.Equal(VolumeUnderTest.SizeBytes * 2, (await volume.AttachAsync()).SizeBytes);
        await gateway.AsTenant(() => volume.Volume.Resize(VolumeUnderTest.SizeBytes * 2));
        foreach (var wrong in new[] { VolumeUnderTest.SizeBytes, VolumeUnderTest.SizeBytes * 2 + 1, long.MaxValue, 0, -4096 })
            await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => volume.Volume.Resize(wrong)), ErrorCodes.InvalidArgument);
        await using var stranger = await GatewayUnderTest.NewAsync(cluster);
        await GrainCluster.RefusedAsync(() => stranger.AsTenant(() => volume.Volume.Resize(VolumeUnderTest.SizeBytes * 4)), ErrorCodes.NotFound);
    }

    [Fact]
    public async Task I8_Segments_commit_in_order_in_one_save_and_a_repeat_is_harmless()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        var segments = new[] { await volume.UploadAsync(1, 0), await volume.UploadAsync(2, 1), await volume.UploadAsync(3, 2) };
        await GrainCluster.RefusedAsync(() => volume.CommitAsync(segments[1]), ErrorCodes.CommitRefused);
        var reply = await volume.CommitAsync(segments);
        Assert.Equal((3, volume.LogEnd), (reply.CommittedSequence, reply.CommittedLogEnd));
        Assert.Equal(reply.CommittedLogEnd, (await volume.CommitAsync(segments)).CommittedLogEnd);
        Assert.Equal(reply.CommittedLogEnd, (await volume.CommitAsync(segments[2])).CommittedLogEnd);
    }

    [Fact]
    public async Task I7_A_new_epoch_ends_the_old_one_and_a_forked_log_has_diverged()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
        var copy = volume.Copy();
        var late = await volume.UploadAsync(2, 1);
        await copy.AttachAsync();
        await GrainCluster.RefusedAsync(() => volume.CommitAsync(late), ErrorCodes.StaleEpoch);
        await copy.WriteAsync(3, 1);
        await GrainCluster.RefusedAsync(
            () => volume.AttachAsync(new SealSummary(late.Sequence, late.LogStart, late.LogEnd, late.Digest)), ErrorCodes.Diverged);
    }

    [Fact]
    public async Task I7_Snapshots_of_a_log_that_has_diverged_fail_and_those_of_the_one_that_took_over_do_not()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
        var copy = volume.Copy();
        var (mine, theirs) = (ResourceId.New(ResourceKind.Snapshot), ResourceId.New(ResourceKind.Snapshot));
        var late = await volume.UploadAsync(2, 1, mine);
        volume.TakesBarriersAt(late.LogEnd + 4096);
        await gateway.AsTenant(() => volume.Volume.CreateSnapshot(mine, "", ResourceId.New(ResourceKind.Request)));
        await copy.AttachAsync();
        await copy.WriteAsync(3, 1);
        copy.TakesBarriersAt(late.LogEnd + 8192);
        await gateway.AsTenant(() => volume.Volume.CreateSnapshot(theirs, "", ResourceId.New(ResourceKind.Request)));
        await GrainCluster.RefusedAsync(
            () => volume.AttachAsync(new SealSummary(late.Sequence, late.LogStart, late.LogEnd, late.Digest)), ErrorCodes.Diverged);
        await GrainCluster.Publisher.PublishedAsync(mine, "snapshot.failed");
        var failed = await gateway.AsTenant(() => cluster.Grains.GetGrain<ISnapshotGrain>(mine).Describe());
        Assert.Equal(SnapshotState.Failed, failed.State);
        Assert.NotEqual(SnapshotState.Failed, (await gateway.AsTenant(() => cluster.Grains.GetGrain<ISnapshotGrain>(theirs).Describe())).State);
    }

    [Fact]
    public async Task A_log_whose_replies_were_lost_is_recognised_by_its_own_seals()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
        var before = volume.Copy();
        var lost = await volume.UploadAsync(2, 1);
        await volume.CommitAsync(lost);
        var reply = await before.AttachAsync(new SealSummary(lost.Sequence, lost.LogStart, lost.LogEnd, lost.Digest));
        Assert.Equal((2, lost.LogEnd), (reply.CommittedSequence, reply.CommittedLogEnd));
    }

    [Fact]
    public async Task A_commit_needs_a_ticket_of_the_last_hour_and_its_blob()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        var segment = await volume.UploadAsync(1, 0);
        await GrainCluster.RefusedAsync(() => volume.CommitAsync(segment with { TicketToken = "forged" }), ErrorCodes.TicketRefused);
        GrainCluster.Clock.Advance(TimeSpan.FromMinutes(61));
        await GrainCluster.RefusedAsync(() => volume.CommitAsync(segment), ErrorCodes.TicketRefused);
        var other = await VolumeUnderTest.NewAsync(cluster, gateway);
        await other.AttachAsync();
        var missing = await other.UploadAsync(1, 0);
        await GrainCluster.Blobs.DeleteAsync(missing.BlobKey);
        await GrainCluster.RefusedAsync(() => other.CommitAsync(missing), ErrorCodes.CommitRefused);
    }

    [Fact]
    public async Task I10_Tickets_are_for_this_volumes_keys_and_its_own_agent_alone()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await using var stranger = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        var foreign = await VolumeUnderTest.NewAsync(cluster, stranger);
        await volume.AttachAsync();
        await foreign.AttachAsync();
        var theirs = await foreign.UploadAsync(1, 0);
        await GrainCluster.RefusedAsync(
            () => gateway.AsAgent(() => volume.Data.GetWriteTickets(volume.Epoch, new[] { theirs.BlobKey })), ErrorCodes.TicketRefused);
        await GrainCluster.RefusedAsync(() => gateway.AsAgent(() => volume.Data.GetReadTickets(new[] { theirs.BlobKey })), ErrorCodes.TicketRefused);
        await GrainCluster.RefusedAsync(() => stranger.AsAgent(() => volume.Data.GetImage()), ErrorCodes.NotFound);
        await GrainCluster.RefusedAsync(() => gateway.AsAgent(() => foreign.Data.GetReadTickets(new[] { theirs.BlobKey })), ErrorCodes.NotFound);
    }

    [Fact]
    public async Task M2_8_A_snapshot_is_local_at_once_uploads_and_completes_with_the_commit_that_reaches_its_barrier()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        volume.TakesBarriersAt(2 * SegmentLogBytes);
        var id = ResourceId.New(ResourceKind.Snapshot);
        var request = ResourceId.New(ResourceKind.Request);
        var taken = await gateway.AsTenant(() => volume.Volume.CreateSnapshot(id, "before the upgrade", request));
        Assert.Equal((SnapshotState.Local, "before the upgrade"), (taken.State, taken.Description));
        await volume.WriteAsync(1, 0);
        var snapshot = cluster.Grains.GetGrain<ISnapshotGrain>(id);
        var half = await gateway.AsTenant(snapshot.Describe);
        Assert.Equal((SnapshotState.Uploading, 0.5), (half.State, half.Progress));
        await volume.WriteAsync(2, 1, id);
        await GrainCluster.Publisher.PublishedAsync(id, "snapshot.completed");
        var done = await gateway.AsTenant(snapshot.Describe);
        Assert.Equal((SnapshotState.Completed, 2L, 1d), (done.State, done.Sequence, done.Progress));
        Assert.Equal(done, await gateway.AsTenant(() => volume.Volume.CreateSnapshot(id, "before the upgrade", request)));
        Assert.Equal(2, (await volume.NewestManifestAsync()).Head.CommittedSequence);
    }

    [Fact]
    public async Task M1_8_A_snapshot_without_a_connection_fails_at_once_and_its_id_may_be_tried_again()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        var id = ResourceId.New(ResourceKind.Snapshot);
        Task<SnapshotDescription> Take() => gateway.AsTenant(() => volume.Volume.CreateSnapshot(id, "", ResourceId.New(ResourceKind.Request)));
        await GrainCluster.RefusedAsync(Take, ErrorCodes.GatewayNotConnected);
        await gateway.ConnectAsync();
        volume.TakesBarriersAt(SegmentLogBytes);
        Assert.Equal(SnapshotState.Local, (await Take()).State);
    }

    [Fact]
    public async Task A_pending_snapshot_whose_log_was_lost_fails_when_commits_pass_its_barrier()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        volume.TakesBarriersAt(10);
        var id = ResourceId.New(ResourceKind.Snapshot);
        await gateway.AsTenant(() => volume.Volume.CreateSnapshot(id, "", ResourceId.New(ResourceKind.Request)));
        await volume.AttachAsync();
        await volume.WriteAsync(1, 0);
        await GrainCluster.Publisher.PublishedAsync(id, "snapshot.failed");
        var failed = await gateway.AsTenant(cluster.Grains.GetGrain<ISnapshotGrain>(id).Describe);
        Assert.Equal(SnapshotState.Failed, failed.State);
        Assert.NotEmpty(failed.FailureReason);
    }

    [Fact]
    public async Task I4_A_clone_on_another_gateway_reads_the_snapshot_whatever_is_written_or_folded_or_deleted_afterwards()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await using var other = await GatewayUnderTest.NewAsync(cluster, gateway.AccountId);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        await volume.WriteAsync(7, 0);
        volume.TakesBarriersAt(2 * SegmentLogBytes);
        var id = ResourceId.New(ResourceKind.Snapshot);
        await gateway.AsTenant(() => volume.Volume.CreateSnapshot(id, "", ResourceId.New(ResourceKind.Request)));
        await volume.WriteAsync(8, 1, id);
        await GrainCluster.Publisher.PublishedAsync(id, "snapshot.completed");
        for (var i = 0; i < HeadMachine.FoldAtSegments + 4; i++) await volume.WriteAsync((byte)(100 + i), i % 4);
        await cluster.WorkEndedAsync(volume.VolumeId);
        Assert.InRange((await volume.NewestManifestAsync()).Head.BaseSequence, HeadMachine.FoldAtSegments, long.MaxValue);
        var clone = await VolumeUnderTest.NewAsync(cluster, other, id);
        Assert.Equal(VolumeUnderTest.SizeBytes, (await other.AsTenant(clone.Volume.Describe)).SizeBytes);
        await gateway.AsTenant(volume.Volume.Delete);
        var again = await VolumeUnderTest.NewAsync(cluster, other, id);
        foreach (var restored in new[] { clone, again })
        {
            Assert.Equal(7, await restored.ReadByteAsync());
            Assert.Equal(8, await restored.ReadByteAsync(BlockGeometry.BlockBytes));
            Assert.Equal(0, await restored.ReadByteAsync(2 * BlockGeometry.BlockBytes));
        }

        await clone.AttachAsync();
        await clone.WriteAsync(9, 3);
    }

    [Fact]
    public async Task I10_A_snapshot_of_another_account_cannot_be_cloned_and_does_not_seem_to_exist()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await using var stranger = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        volume.TakesBarriersAt(SegmentLogBytes);
        var id = ResourceId.New(ResourceKind.Snapshot);
        await gateway.AsTenant(() => volume.Volume.CreateSnapshot(id, "", ResourceId.New(ResourceKind.Request)));
        await volume.WriteAsync(1, 0, id);
        await GrainCluster.RefusedAsync(() => VolumeUnderTest.NewAsync(cluster, stranger, id), ErrorCodes.NotFound);
    }

    [Fact]
    public async Task A_snapshot_s_image_is_for_the_agent_of_its_own_volume_while_it_exists()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await using var sibling = await GatewayUnderTest.NewAsync(cluster, gateway.AccountId);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        var other = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        await other.AttachAsync();
        var id = await volume.SnapshotAsync(5);
        await volume.WriteAsync(6, 0);
        Task<VolumeImageReply> ImageAsync(GatewayUnderTest of, VolumeUnderTest from) =>
            GrainCluster.As(GrainCluster.Agent(of.AccountId, of.GatewayId), () => from.Data.GetSnapshotImage(id));
        Assert.Equal(5, await VolumeUnderTest.ByteOfAsync(await ImageAsync(gateway, volume)));
        await GrainCluster.RefusedAsync(() => ImageAsync(sibling, volume), ErrorCodes.NotFound);
        await GrainCluster.RefusedAsync(() => ImageAsync(gateway, other), ErrorCodes.NotFound);
        await gateway.AsTenant(cluster.Grains.GetGrain<ISnapshotGrain>(id).Delete);
        await GrainCluster.RefusedAsync(() => ImageAsync(gateway, volume), ErrorCodes.NotFound);
    }
}
