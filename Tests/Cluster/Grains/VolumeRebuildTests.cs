using Orleans.Core.Internal;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Rebuild;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Volumes;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>A database that went back in time: the bucket did not, and an agent that is ahead finds its head again.</summary>
[Collection(GrainCollection.Name)]
public sealed class VolumeRebuildTests(GrainCluster cluster)
{
    [Fact]
    public async Task An_agent_ahead_of_a_head_that_went_back_gets_the_head_of_the_bucket_and_goes_on()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
        var old = await ReadAsync(volume.VolumeId);

        await volume.WriteAsync(2, 1);
        await volume.WriteAsync(3, 2);
        await RegressAsync(volume.VolumeId, old);
        Assert.Equal(1, (await gateway.AsTenant(volume.Volume.Describe)).CommittedSequence);

        // The epoch goes on, and a commit under the old one finds another head.
        var stale = await volume.UploadAsync(4, 3);
        await GrainCluster.RefusedAsync(() => volume.CommitAsync(stale), ErrorCodes.CommitRefused);
        var again = volume.Copy();
        var attached = await again.AttachAsync();
        Assert.Equal(4, attached.CommittedSequence);
        var head = VolumeHead.Decode((await ReadAsync(volume.VolumeId)).State!.Head);
        Assert.True(head.Incarnation > 1);
        await again.WriteAsync(5, 4);
        var stored = (await new Bucket(GrainCluster.Blobs, GrainCluster.AccountKeys).OpenAsync(head.Lineage))!;
        Assert.Equal(5, stored.Sequence);
        await GrainCluster.Publisher.PublishedAsync(volume.VolumeId, "volume.rebuilt");
    }

    [Fact]
    public async Task A_volume_that_nobody_attaches_is_rebuilt_by_the_work_on_it_when_the_bucket_is_ahead()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        var old = await ReadAsync(volume.VolumeId);
        var snapshot = await volume.SnapshotAsync(1);
        await RegressAsync(volume.VolumeId, old);

        // Nothing is frozen on the head that went back.
        await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => volume.Volume.Resize(VolumeUnderTest.SizeBytes * 2)), ErrorCodes.Unavailable);
        await gateway.AsTenant(() => volume.Volume.EstimateReclaim([snapshot]));
        var head = VolumeHead.Decode((await ReadAsync(volume.VolumeId)).State!.Head);
        Assert.True(head.Incarnation > 1);
        Assert.Equal(1, head.CommittedSequence);
        var stored = (await new Bucket(GrainCluster.Blobs, GrainCluster.AccountKeys).OpenAsync(head.Lineage))!;
        Assert.NotNull(await stored.OpenCatalogue().FindSnapshotAsync(snapshot));
        Assert.Equal(head.Version, stored.Manifest.Head.Version);
        Assert.Equal(VolumeUnderTest.SizeBytes * 2, (await gateway.AsTenant(() => volume.Volume.Resize(VolumeUnderTest.SizeBytes * 2))).SizeBytes);
    }

    [Fact]
    public async Task A_commit_to_a_head_that_went_back_is_refused_and_the_attach_after_it_has_what_the_bucket_knows()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        await volume.WriteAsync(1, 0);
        var old = await ReadAsync(volume.VolumeId);
        await gateway.AsTenant(() => volume.Volume.Resize(VolumeUnderTest.SizeBytes * 2));
        await RegressAsync(volume.VolumeId, old);
        var segment = await volume.UploadAsync(2, 1);
        await GrainCluster.RefusedAsync(() => volume.CommitAsync(segment), ErrorCodes.StaleEpoch);
        Assert.Equal(VolumeUnderTest.SizeBytes * 2, (await volume.Copy().AttachAsync()).SizeBytes);
    }

    [Fact]
    public async Task Of_a_save_that_never_happened_the_manifest_has_a_lower_version_than_the_next()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        await volume.WriteAsync(1, 0);
        // The claim is saved, the manifest stored, and the head is not saved.
        GrainCluster.Faults.Plan(volume.VolumeId, StorageFault.None, StorageFault.Lost);
        await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => volume.Volume.Resize(VolumeUnderTest.SizeBytes * 4)), ErrorCodes.Unavailable);
        var lost = (await ReadAsync(volume.VolumeId)).State!;
        Assert.Equal(lost.ClaimedVersion, (await volume.NewestManifestAsync()).Head.Version);
        Assert.True(VolumeHead.Decode(lost.Head).Version < lost.ClaimedVersion);

        await gateway.AsTenant(() => volume.Volume.Resize(VolumeUnderTest.SizeBytes * 2));
        var newest = (await volume.NewestManifestAsync()).Head;
        Assert.Equal(lost.ClaimedVersion + 1, newest.Version);
        Assert.Equal(VolumeUnderTest.SizeBytes * 2, newest.SizeBytes);
        Assert.Equal(newest, VolumeHead.Decode((await ReadAsync(volume.VolumeId)).State!.Head));
    }

    private async Task<GrainState<VolumeState>> ReadAsync(string volumeId)
    {
        var stored = new GrainState<VolumeState>(new VolumeState());
        await cluster.Storage.ReadStateAsync("volume", GrainId.Create("volume", volumeId), stored);
        return stored;
    }

    private async Task RegressAsync(string volumeId, GrainState<VolumeState> old)
    {
        var now = await ReadAsync(volumeId);
        now.State = old.State! with { Outbox = now.State!.Outbox };
        await cluster.Storage.WriteStateAsync("volume", GrainId.Create("volume", volumeId), now);
        await cluster.Grains.GetGrain<IVolumeGrain>(volumeId).AsReference<IGrainManagementExtension>().DeactivateOnIdle();
    }
}
