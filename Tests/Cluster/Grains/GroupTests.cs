using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Snapshots.Groups;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>Snapshots of several volumes at one point (M2.8): all of them complete, or none does.</summary>
[Collection(GrainCollection.Name)]
public sealed class GroupTests(GrainCluster cluster)
{
    [Fact]
    public async Task A_group_is_complete_when_the_last_of_its_volumes_is_and_none_of_them_before()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var (a, b) = await NewPairAsync(gateway);
        var group = new Group(cluster, gateway, a, b);
        var (first, second) = (await a.UploadAsync(1, 0, group.Members[0].SnapshotId), await b.UploadAsync(2, 0, group.Members[1].SnapshotId));
        gateway.OnDeliver = group.Answer(gateway, first.LogEnd, second.LogEnd);
        var taken = await group.TakeAsync();
        Assert.Equal((SnapshotGroupState.Uploading, 2), (taken.State, taken.Snapshots.Count));
        Assert.All(taken.Snapshots, snapshot => Assert.Equal((group.Id, SnapshotState.Local, SnapshotConsistency.Application), (snapshot.GroupId, snapshot.State, snapshot.Consistency)));

        // A commit holds one of them: it is not complete, and nobody may begin from it.
        await a.CommitAsync(first);
        await cluster.SettleAsync(a.VolumeId);
        Assert.Equal(SnapshotState.Uploading, (await group.SnapshotAsync(0)).State);
        Assert.Equal(SnapshotGroupState.Uploading, (await group.DescribeAsync()).State);
        await GrainCluster.RefusedAsync(
            () => gateway.AsTenant(() => cluster.Grains.GetGrain<ISnapshotGrain>(group.Members[0].SnapshotId).ListChangedBlocks("", 0, 10)), ErrorCodes.InvalidState);

        await b.CommitAsync(second);
        await GrainCluster.Publisher.PublishedAsync(group.Id, "snapshot-group.completed");
        foreach (var member in group.Members) await GrainCluster.Publisher.PublishedAsync(member.SnapshotId, "snapshot.completed");
        var done = await group.DescribeAsync();
        Assert.Equal((SnapshotGroupState.Completed, 1.0), (done.State, done.Progress));
        Assert.All(done.Snapshots, snapshot => Assert.Equal((SnapshotState.Completed, group.Id), (snapshot.State, snapshot.GroupId)));
        // Asked again it is the same one, and the gateway is not bothered.
        var deliveries = gateway.Deliveries;
        Assert.Equal(SnapshotGroupState.Completed, (await group.TakeAsync()).State);
        Assert.Equal(deliveries, gateway.Deliveries);
    }

    [Fact]
    public async Task One_that_can_never_be_held_fails_all_also_those_that_are_held()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var (a, b) = await NewPairAsync(gateway);
        var group = new Group(cluster, gateway, a, b);
        var (first, second) = (await a.UploadAsync(1, 0, group.Members[0].SnapshotId), await b.UploadAsync(2, 0));
        gateway.OnDeliver = group.Answer(gateway, first.LogEnd, second.LogEnd - 64);
        await group.TakeAsync();
        await a.CommitAsync(first);
        await cluster.SettleAsync(a.VolumeId);
        // The commit passes the barrier and does not name it: its log was lost.
        await b.CommitAsync(second);
        await GrainCluster.Publisher.PublishedAsync(group.Id, "snapshot-group.failed");
        foreach (var member in group.Members) await GrainCluster.Publisher.PublishedAsync(member.SnapshotId, "snapshot.failed");
        var failed = await group.DescribeAsync();
        Assert.Equal(SnapshotGroupState.Failed, failed.State);
        Assert.Contains(b.VolumeId, failed.Reason, StringComparison.Ordinal);
        Assert.All(failed.Snapshots, snapshot => Assert.Equal(SnapshotState.Failed, snapshot.State));
        // What was held of it is out of the catalogue, and a commit that names it again brings nothing back.
        await GrainCluster.RefusedAsync(() => gateway.AsAgent(() => a.Data.GetSnapshotImage(group.Members[0].SnapshotId)), ErrorCodes.NotFound);
        await b.WriteAsync(3, 1, group.Members[1].SnapshotId);
        await cluster.SettleAsync(b.VolumeId);
        Assert.Equal(SnapshotState.Failed, (await group.SnapshotAsync(1)).State);
    }

    [Fact]
    public async Task A_group_waits_for_a_volume_that_is_not_shadowed_and_takes_its_point_afterwards()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var (a, b) = await NewPairAsync(gateway);
        var group = new Group(cluster, gateway, a, b);
        gateway.OnDeliver = request =>
        {
            _ = gateway.ReportAsync(request, new GroupBarriers(group.Id, [], "Volume 'b' is PassThrough: the log is full"));
            return Task.FromResult(new DeliverReply(true));
        };
        var waiting = await group.TakeAsync();
        Assert.Equal((SnapshotGroupState.Waiting, "Volume 'b' is PassThrough: the log is full"), (waiting.State, waiting.Reason));
        Assert.All(waiting.Snapshots, snapshot => Assert.Equal(SnapshotState.Waiting, snapshot.State));
        Assert.All(waiting.Snapshots, snapshot => Assert.Null(snapshot.PointAt));

        var (first, second) = (await a.UploadAsync(1, 0, group.Members[0].SnapshotId), await b.UploadAsync(2, 0, group.Members[1].SnapshotId));
        // While it waits the link may come and go.
        GrainCluster.Clock.Advance(SnapshotGroupMachine.AskEvery + TimeSpan.FromSeconds(1));
        await using var again = gateway.Copy();
        await again.ConnectAsync();
        again.OnDeliver = group.Answer(again, first.LogEnd, second.LogEnd);
        await cluster.SettleAsync(group.Id, "snapshot-group");
        Assert.Equal(SnapshotGroupState.Uploading, (await group.DescribeAsync()).State);
        await a.CommitAsync(first);
        await b.CommitAsync(second);
        await GrainCluster.Publisher.PublishedAsync(group.Id, "snapshot-group.completed");
        Assert.True((await group.SnapshotAsync(0)).RequestedAt < (await group.SnapshotAsync(0)).PointAt);
    }

    [Fact]
    public async Task A_gateway_that_is_away_leaves_nothing_behind_and_the_id_may_be_used_again()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var (a, b) = (await VolumeUnderTest.NewAsync(cluster, gateway), await VolumeUnderTest.NewAsync(cluster, gateway));
        await a.AttachAsync();
        await b.AttachAsync();
        var group = new Group(cluster, gateway, a, b);
        await GrainCluster.RefusedAsync(group.TakeAsync, ErrorCodes.GatewayNotConnected);
        await GrainCluster.RefusedAsync(group.DescribeAsync, ErrorCodes.NotFound);
        await gateway.ConnectAsync();
        gateway.OnDeliver = group.Answer(gateway, 100, 200);
        Assert.Equal(SnapshotGroupState.Uploading, (await group.TakeAsync()).State);
    }

    [Fact]
    public async Task A_gateway_that_was_cut_off_between_the_volumes_fails_the_group()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var (a, b) = await NewPairAsync(gateway);
        var group = new Group(cluster, gateway, a, b);
        gateway.OnDeliver = request =>
        {
            _ = gateway.ReportAsync(request, new GroupBarriers(group.Id, [new SnapshotBarrier(group.Members[0].SnapshotId, 1, 100, false)], ""));
            return Task.FromResult(new DeliverReply(true));
        };
        Assert.Equal(SnapshotGroupState.Failed, (await group.TakeAsync()).State);
        foreach (var member in group.Members) await GrainCluster.Publisher.PublishedAsync(member.SnapshotId, "snapshot.failed");
    }

    [Fact]
    public async Task I10_A_group_is_of_ones_own_volumes_of_one_gateway_each_once()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await using var stranger = await GatewayUnderTest.NewAsync(cluster);
        await using var second = await GatewayUnderTest.NewAsync(cluster, gateway.AccountId);
        var (a, b) = await NewPairAsync(gateway);
        var elsewhere = await VolumeUnderTest.NewAsync(cluster, second);
        var foreign = await VolumeUnderTest.NewAsync(cluster, stranger);
        await GrainCluster.RefusedAsync(new Group(cluster, gateway, a, foreign).TakeAsync, ErrorCodes.NotFound);
        await GrainCluster.RefusedAsync(new Group(cluster, gateway, a, elsewhere).TakeAsync, ErrorCodes.InvalidArgument);
        await GrainCluster.RefusedAsync(new Group(cluster, gateway, a, a).TakeAsync, ErrorCodes.InvalidArgument);
        await GrainCluster.RefusedAsync(new Group(cluster, gateway, a).TakeAsync, ErrorCodes.InvalidArgument);
        var group = new Group(cluster, gateway, a, b);
        gateway.OnDeliver = group.Answer(gateway, 100, 200);
        await group.TakeAsync();
        await GrainCluster.RefusedAsync(() => stranger.AsTenant(() => cluster.Grains.GetGrain<ISnapshotGroupGrain>(group.Id).Describe()), ErrorCodes.NotFound);
        await GrainCluster.RefusedAsync(new Group(cluster, gateway, a, elsewhere) { Id = group.Id }.TakeAsync, ErrorCodes.InvalidArgument);
    }

    private async Task<(VolumeUnderTest A, VolumeUnderTest B)> NewPairAsync(GatewayUnderTest gateway)
    {
        await gateway.ConnectAsync();
        var (a, b) = (await VolumeUnderTest.NewAsync(cluster, gateway), await VolumeUnderTest.NewAsync(cluster, gateway));
        await a.AttachAsync();
        await b.AttachAsync();
        return (a, b);
    }

    /// <summary>A group to be, and the gateway's answer to it.</summary>
    private sealed class Group(GrainCluster cluster, GatewayUnderTest gateway, params VolumeUnderTest[] volumes)
    {
        public string Id { get; init; } = ResourceId.New(ResourceKind.SnapshotGroup);

        public GroupMember[] Members { get; } = [.. volumes.Select(volume => new GroupMember(volume.VolumeId, ResourceId.New(ResourceKind.Snapshot)))];

        public Task<SnapshotGroupDescription> TakeAsync() => gateway.AsTenant(() => cluster.Grains.GetGrain<ISnapshotGroupGrain>(Id).Take(Members, "both"));

        public Task<SnapshotGroupDescription> DescribeAsync() => gateway.AsTenant(() => cluster.Grains.GetGrain<ISnapshotGroupGrain>(Id).Describe());

        public Task<SnapshotDescription> SnapshotAsync(int member) => gateway.AsTenant(() => cluster.Grains.GetGrain<ISnapshotGrain>(Members[member].SnapshotId).Describe());

        public Func<GatewayRequest, Task<DeliverReply>> Answer(GatewayUnderTest agent, params long[] positions) => request =>
        {
            var asked = (GroupSnapshotRequest)request;
            Assert.Equal((Id, Members.Length), (asked.GroupId, asked.Members.Length));
            var barriers = Members.Select((member, i) => new SnapshotBarrier(member.SnapshotId, 1, positions[i], false) { Consistency = SnapshotConsistency.Application });
            _ = agent.ReportAsync(request, new GroupBarriers(Id, [.. barriers], ""));
            return Task.FromResult(new DeliverReply(true));
        };
    }
}
