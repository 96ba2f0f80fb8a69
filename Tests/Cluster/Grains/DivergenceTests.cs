using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>How the owner ends a divergence (M2.7): who may, when, and what the agent is told.</summary>
[Collection(GrainCollection.Name)]
public sealed class DivergenceTests(GrainCluster cluster)
{
    private readonly List<ResolveDivergenceRequest> _told = [];

    [Fact]
    public async Task The_local_copy_goes_on_from_the_volume_s_tip_and_no_snapshot_is_made()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await DivergedAsync(gateway);
        await gateway.AsTenant(() => volume.Volume.ResolveDivergence(DivergenceChoice.Local, NewSnapshot(), "resolve-1"));
        var told = Assert.Single(_told);
        Assert.Equal((volume.VolumeId, DivergenceChoice.Local, ""), (told.VolumeId, told.Keep, told.SnapshotId));
        Assert.Equal((1L, volume.LogEnd, volume.Epoch), (told.Tip.Sequence, told.Tip.LogEnd, told.Tip.Epoch));
        // The log that the agent begins there is one that attaches.
        var attached = await volume.AttachAsync(request => request with { LastEpoch = told.Tip.Epoch, LastSequence = told.Tip.Sequence, LastDigest = told.Tip.Digest, CommittedLogEnd = told.Tip.LogEnd });
        Assert.Equal(told.Tip.Epoch + 1, attached.Epoch);
        Assert.Contains("volume.divergence-resolved", GrainCluster.Publisher.KindsOf(volume.VolumeId));
    }

    [Fact]
    public async Task The_service_s_copy_is_kept_as_a_snapshot_once_however_often_the_agent_refuses()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await DivergedAsync(gateway);
        var answers = gateway.OnDeliver!;
        gateway.OnDeliver = request =>
        {
            _ = gateway.ReportAsync(request, null, ErrorCodes.InvalidState);
            return Task.FromResult(new DeliverReply(true));
        };
        var snapshot = NewSnapshot();
        await GrainCluster.RefusedAsync(
            () => gateway.AsTenant(() => volume.Volume.ResolveDivergence(DivergenceChoice.Service, snapshot, "resolve-1")), ErrorCodes.InvalidState);
        gateway.OnDeliver = answers;
        await gateway.AsTenant(() => volume.Volume.ResolveDivergence(DivergenceChoice.Service, snapshot, "resolve-1"));
        Assert.Equal((DivergenceChoice.Service, snapshot), (Assert.Single(_told).Keep, _told[0].SnapshotId));
        var kept = await gateway.AsTenant(() => cluster.Grains.GetGrain<ISnapshotGrain>(snapshot).Describe());
        Assert.Equal((SnapshotState.Completed, 1L), (kept.State, kept.Sequence));
        // Asked again, it is done, and the agent is not bothered.
        await gateway.AsTenant(() => volume.Volume.ResolveDivergence(DivergenceChoice.Service, snapshot, "resolve-1"));
        Assert.Single(_told);
    }

    [Fact]
    public async Task A_volume_that_is_not_diverged_has_no_two_copies_to_choose_from()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await DivergedAsync(gateway, VolumeRunState.Shadowing);
        var refused = await GrainCluster.RefusedAsync(
            () => gateway.AsTenant(() => volume.Volume.ResolveDivergence(DivergenceChoice.Local, NewSnapshot(), "resolve-1")), ErrorCodes.InvalidState);
        Assert.Contains("Shadowing", refused.Message, StringComparison.Ordinal);
        await GrainCluster.RefusedAsync(
            () => gateway.AsTenant(() => volume.Volume.ResolveDivergence((DivergenceChoice)7, NewSnapshot(), "resolve-1")), ErrorCodes.InvalidArgument);
        Assert.Empty(_told);
    }

    [Fact]
    public async Task Nobody_but_the_owner_decides()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await DivergedAsync(gateway);
        var stranger = await cluster.NewAccountAsync();
        foreach (var caller in new[] { GrainCluster.Tenant(stranger), GrainCluster.Agent(gateway.AccountId, gateway.GatewayId) })
        {
            await GrainCluster.RefusedAsync(
                () => GrainCluster.As(caller, () => volume.Volume.ResolveDivergence(DivergenceChoice.Service, NewSnapshot(), "resolve-1")), ErrorCodes.NotFound);
            await GrainCluster.RefusedAsync(
                () => GrainCluster.As(caller, () => gateway.Gateway.ResolveDivergence(volume.VolumeId, DivergenceChoice.Local, new VolumeTip(0, 0, [], 1), "", "resolve-1")),
                ErrorCodes.NotFound);
        }

        await GrainCluster.RefusedAsync(
            () => gateway.AsTenant(() => cluster.Grains.GetGrain<IVolumeGrain>(ResourceId.New(ResourceKind.Volume)).ResolveDivergence(DivergenceChoice.Local, NewSnapshot(), "resolve-1")),
            ErrorCodes.NotFound);
        Assert.Empty(_told);
    }

    [Fact]
    public async Task Without_the_agent_nothing_is_decided()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
        var snapshot = NewSnapshot();
        await GrainCluster.RefusedAsync(
            () => gateway.AsTenant(() => volume.Volume.ResolveDivergence(DivergenceChoice.Service, snapshot, "resolve-1")), ErrorCodes.GatewayNotConnected);
        await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => cluster.Grains.GetGrain<ISnapshotGrain>(snapshot).Describe()), ErrorCodes.NotFound);
        Assert.DoesNotContain("volume.divergence-resolved", GrainCluster.Publisher.KindsOf(volume.VolumeId));
    }

    /// <summary>A written volume that its agent, which is connected, says to be in a state.</summary>
    private async Task<VolumeUnderTest> DivergedAsync(GatewayUnderTest gateway, VolumeRunState state = VolumeRunState.Diverged)
    {
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
        var ping = await gateway.FrameAsync<LinkPing>(_ => true);
        var status = new VolumeStatus(volume.VolumeId, state, "as the test says", 0, 0, [], 0, VolumeUnderTest.SizeBytes);
        await gateway.AsAgent(() => gateway.Link.Heartbeat(new LinkHeartbeat(gateway.Generation, ping.Number, 1, [status])));
        gateway.OnDeliver = request =>
        {
            _told.Add((ResolveDivergenceRequest)request);
            _ = gateway.ReportAsync(request, new DivergenceResolved([]));
            return Task.FromResult(new DeliverReply(true));
        };
        return volume;
    }

    private static string NewSnapshot() => ResourceId.New(ResourceKind.Snapshot);
}
