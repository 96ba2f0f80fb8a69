using Orleans.Core.Internal;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Reclaim;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Keys;
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

    [Fact]
    public async Task A_backup_of_before_a_rotation_of_the_account_key_opens_nothing_and_the_bucket_everything()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volumes = new[] { await VolumeUnderTest.NewWrittenAsync(cluster, gateway), await VolumeUnderTest.NewWrittenAsync(cluster, gateway) };
        var snapshot = await volumes[0].SnapshotAsync(2);
        var old = await Task.WhenAll(volumes.Select(volume => ReadAsync(volume.VolumeId)));
        await GrainCluster.AccountKeys.RotateAsync(gateway.AccountId, 2);
        foreach (var volume in volumes) await gateway.AsTenant(cluster.Grains.GetGrain<IVolumeKeyring>(volume.VolumeId).RewrapKeys);
        await GrainCluster.AccountKeys.RetireAsync(gateway.AccountId, 2);
        for (var i = 0; i < volumes.Length; i++) await RegressAsync(volumes[i].VolumeId, old[i]);

        await volumes[0].Copy().AttachAsync();
        Assert.Equal(2, await VolumeUnderTest.ByteOfAsync(await GrainCluster.As(
            GrainCluster.Agent(gateway.AccountId, gateway.GatewayId), () => volumes[0].Data.GetSnapshotImage(snapshot))));
        Assert.Equal(0, await gateway.AsTenant(cluster.Grains.GetGrain<IVolumeKeyring>(volumes[1].VolumeId).RewrapKeys));
        await volumes[1].Copy().AttachAsync();
        Assert.Equal(2, (await gateway.AsTenant(cluster.Grains.GetGrain<ISnapshotGrain>(snapshot).Describe)).Sequence);
    }

    [Fact]
    public async Task A_generation_is_not_given_out_twice_and_erasure_finds_whom_the_head_that_went_back_did_not_know()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
        var old = await ReadAsync(volume.VolumeId);
        var snapshot = await volume.SnapshotAsync(2);
        var clone = await VolumeUnderTest.NewAsync(cluster, gateway, snapshot);
        Assert.Equal(2, await gateway.AsTenant(volume.Volume.RotateKey));
        await volume.AttachAsync();
        await volume.WriteAsync(3, 1);

        await RegressAsync(volume.VolumeId, old);
        Assert.Equal(3, await gateway.AsTenant(volume.Volume.RotateKey));
        var stored = (await new Bucket(GrainCluster.Blobs, GrainCluster.AccountKeys).OpenAsync((await volume.NewestManifestAsync()).Head.Lineage))!;
        Assert.Equal((3, 3), (stored.Manifest.Keys.Count, stored.Sequence));
        await RegressAsync(volume.VolumeId, old);
        Assert.Equal([snapshot, clone.VolumeId], await gateway.AsTenant(volume.Volume.ListEraseVictims));
    }

    [Fact]
    public async Task A_gateway_is_told_the_size_that_the_bucket_knows()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
        var old = await ReadAsync(volume.VolumeId);
        await gateway.AsTenant(() => volume.Volume.Resize(VolumeUnderTest.SizeBytes * 2));
        await RegressAsync(volume.VolumeId, old);
        await volume.Copy().AttachAsync();
        var state = (await ReadAsync(volume.VolumeId)).State!;
        Assert.Equal((VolumeUnderTest.SizeBytes * 2, true), (state.Specification!.SizeBytes, state.IsAttached));
    }

    [Fact]
    public async Task Points_that_thinning_kept_are_told_of_as_no_snapshots_and_are_nobodys_to_confirm()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
        var old = await ReadAsync(volume.VolumeId);
        await gateway.AsTenant(() => volume.Volume.SetRetention(new VolumeRetention(TimeSpan.Zero, TimeSpan.FromMinutes(1), TimeSpan.FromDays(60))));
        for (var i = 0; i < HeadMachine.FoldAtSegments; i++)
        {
            await volume.WriteAsync(2, i % 3);
            GrainCluster.Clock.Advance(TimeSpan.FromSeconds(5));
        }

        await cluster.WorkEndedAsync(volume.VolumeId);
        GrainCluster.Clock.Advance(new ReclaimSettings().Every + TimeSpan.FromSeconds(1));
        await cluster.SettleAsync(volume.VolumeId);
        await cluster.WorkEndedAsync(volume.VolumeId);
        var kept = (await gateway.AsTenant(() => volume.Volume.ListRecoveryPoints(0, 100))).Points.Where(point => point.IsThinned).ToArray();
        Assert.NotEmpty(kept);
        Assert.Empty(await gateway.AsTenant(volume.Volume.ListEraseVictims));

        await RegressAsync(volume.VolumeId, old);
        await gateway.AsTenant(() => volume.Volume.EstimateReclaim([ResourceId.New(ResourceKind.Snapshot)]));
        await cluster.SettleAsync(volume.VolumeId);
        Assert.Equal(kept, (await gateway.AsTenant(() => volume.Volume.ListRecoveryPoints(0, 100))).Points.Where(point => point.IsThinned));
        await GrainCluster.RefusedAsync(() => gateway.AsTenant(cluster.Grains.GetGrain<ISnapshotGrain>($"{RecoveryPoints.KeptPrefix}{kept[0].Sequence:x16}").Describe), ErrorCodes.NotFound);
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
