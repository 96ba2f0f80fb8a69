using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>An id stands for one snapshot of one volume, for ever, whoever asks for it again.</summary>
[Collection(GrainCollection.Name)]
public sealed class SnapshotIdTests(GrainCluster cluster)
{
    [Fact]
    public async Task A_request_that_is_repeated_after_its_snapshot_was_deleted_takes_none_that_nobody_could_find()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        var id = await volume.SnapshotAsync(1);
        await gateway.AsTenant(cluster.Grains.GetGrain<ISnapshotGrain>(id).Delete);
        await GrainCluster.RefusedAsync(() => TakeAsync(volume, id), ErrorCodes.InvalidState);
        await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => volume.Volume.CreateSnapshotOfPoint(id, "", new RecoveryPointSelector(null, 1))), ErrorCodes.InvalidState);
        Assert.Empty(await gateway.AsTenant(volume.Volume.ListEraseVictims));
    }

    [Fact]
    public async Task I10_An_id_that_another_accounts_snapshot_has_is_refused_and_that_snapshot_stays_what_it_is()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await using var stranger = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        await stranger.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        var other = await VolumeUnderTest.NewAsync(cluster, stranger);
        await volume.AttachAsync();
        await other.AttachAsync();
        var id = ResourceId.New(ResourceKind.Snapshot);
        volume.TakesBarriersAt(1 << 20);
        await TakeAsync(volume, id);
        await GrainCluster.Publisher.PublishedAsync(id, "snapshot.recorded");
        await GrainCluster.RefusedAsync(() => TakeAsync(other, id), ErrorCodes.InvalidState);

        // The word of another volume, however it came about, is not taken.
        var snapshot = cluster.Grains.GetGrain<ISnapshotGrain>(id);
        var known = await gateway.AsTenant(snapshot.Describe);
        await GrainCluster.As(GrainCluster.Operator, () => snapshot.Record(known with { AccountId = stranger.AccountId, VolumeId = other.VolumeId, State = SnapshotState.Completed }));
        Assert.Equal(known, await gateway.AsTenant(snapshot.Describe));
        await GrainCluster.RefusedAsync(() => stranger.AsTenant(snapshot.Describe), ErrorCodes.NotFound);
    }

    [Fact]
    public async Task A_lease_that_is_on_another_snapshot_is_refused_rather_than_renewed()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        var snapshots = new[] { await volume.SnapshotAsync(1), await volume.SnapshotAsync(2) };
        var leased = snapshots.Select(id => cluster.Grains.GetGrain<ISnapshotGrain>(id)).ToArray();
        await gateway.AsTenant(() => leased[0].Lease("nightly-export"));
        await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => leased[1].Lease("nightly-export")), ErrorCodes.InvalidArgument);
        await gateway.AsTenant(() => leased[0].Lease("nightly-export"));
        await gateway.AsTenant(() => leased[1].Lease("another-export"));
    }

    [Fact]
    public async Task I11_Whoever_attaches_time_and_again_leaves_a_handful_of_manifests()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
        for (var i = 0; i < 30; i++) await volume.AttachAsync();
        Assert.InRange(GrainCluster.Blobs.Keys.Count(key => key.StartsWith($"{gateway.AccountId}/{volume.VolumeId}/head/", StringComparison.Ordinal)), 2, 10);
        Assert.Equal(volume.Epoch, (await volume.NewestManifestAsync()).Head.Epoch);
        await volume.WriteAsync(2, 1);
    }

    private static Task<SnapshotDescription> TakeAsync(VolumeUnderTest volume, string id) =>
        volume.Owner.AsTenant(() => volume.Volume.CreateSnapshot(id, "", ResourceId.New(ResourceKind.Request)));
}
