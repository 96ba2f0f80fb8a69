using Orleans.Core.Internal;
using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Segments;
using Tidegate.Grains.Accounts;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Keys;
using Tidegate.Grains.Volumes;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>Account keys and data keys are replaced under volumes in use (docs/operating/keys.md).</summary>
[Collection(GrainCollection.Name)]
public sealed class KeyRotationTests(GrainCluster cluster)
{
    private static readonly string[] RotationKinds = ["account.key-rotation-begun", "account.key-rotated"];

    [Fact]
    public async Task An_account_key_rotates_under_volumes_in_use_and_the_old_one_is_retired_once_nothing_is_under_it()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volumes = new[] { await VolumeUnderTest.NewAsync(cluster, gateway), await VolumeUnderTest.NewAsync(cluster, gateway) };
        foreach (var volume in volumes)
        {
            await volume.AttachAsync();
            await volume.WriteAsync(1, 0);
        }

        await gateway.AsTenant(volumes[1].Volume.Delete);
        var account = cluster.Grains.GetGrain<IAccountGrain>(gateway.AccountId);
        var begun = await gateway.AsTenant(account.RotateKey);
        Assert.Equal(2, begun.KeyRotation!.Generation);
        Assert.Equal(begun.KeyRotationBegunAt, (await gateway.AsTenant(account.RotateKey)).KeyRotationBegunAt);
        await SettleUntilAsync(gateway, description => description.KeyRotation!.NextPassAt > GrainCluster.Clock.GetUtcNow());
        Assert.Equal(KeyRotationStage.Waiting, (await gateway.AsTenant(account.Describe)).KeyRotation!.Stage);

        // A key that a call under way had wrapped before: it is saved late, and found.
        Assert.Equal(2, await GenerationAsync(volumes[0]));
        await PutBackAsync(volumes[0]);
        Assert.Equal(1, await GenerationAsync(volumes[0]));
        GrainCluster.Clock.Advance(KeyRotationMachine.Grace);
        await SettleUntilAsync(gateway, description => description.KeyRotation!.NextPassAt > GrainCluster.Clock.GetUtcNow());
        Assert.Equal(2, await GenerationAsync(volumes[0]));
        Assert.Equal(KeyRotationStage.Waiting, (await gateway.AsTenant(account.Describe)).KeyRotation!.Stage);
        GrainCluster.Clock.Advance(KeyRotationMachine.Grace);
        await SettleUntilAsync(gateway, description => description.KeyRotationBegunAt is null);

        var done = (await gateway.AsTenant(account.Describe)).KeyRotation!;
        Assert.Equal((KeyRotationStage.Completed, 2, "", 2), (done.Stage, done.Generation, done.Problem, done.TotalVolumes));
        Assert.Equal(RotationKinds, GrainCluster.Publisher.KindsOf(gateway.AccountId).Where(kind => kind.Contains("key", StringComparison.Ordinal)));
        // Bucket and account key suffice, and the old key is gone: what it wrapped opens no more.
        foreach (var volume in volumes)
        {
            Assert.Equal(2, await GenerationAsync(volume));
            var stored = await new Bucket(GrainCluster.Blobs, GrainCluster.AccountKeys).OpenAsync(new LineageId(gateway.AccountId, volume.VolumeId));
            Assert.All(stored!.Manifest.Keys, key => Assert.Equal(2, AccountKey.GenerationOf(key.Bytes.Span)));
            Assert.Equal(1, await ReadByteAsync(stored.NewestImage, stored.Ring));
        }

        await cluster.Grains.GetGrain<IVolumeGrain>(volumes[0].VolumeId).AsReference<IGrainManagementExtension>().DeactivateOnIdle();
        await volumes[0].WriteAsync(2, 1);
    }

    [Theory]
    [InlineData(StorageFault.Lost)]
    [InlineData(StorageFault.Unanswered)]
    [InlineData(StorageFault.Overtaken)]
    public async Task A_rotation_goes_on_after_a_failure_at_any_save(StorageFault fault)
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        var account = cluster.Grains.GetGrain<IAccountGrain>(gateway.AccountId);
        for (var rotation = 0; rotation < 7; rotation++)
        {
            // The account saves six times in a rotation, the volume once: each of them fails in turn.
            var faults = Enumerable.Repeat(StorageFault.None, rotation).Append(fault).ToArray();
            GrainCluster.Faults.Plan(rotation < 6 ? gateway.AccountId : volume.VolumeId, rotation < 6 ? faults : [fault]);
            await SwallowAsync(() => gateway.AsTenant(account.RotateKey));
            await gateway.AsTenant(account.RotateKey);
            await cluster.Grains.GetGrain<IAccountGrain>(gateway.AccountId).AsReference<IGrainManagementExtension>().DeactivateOnIdle();
            await SettleUntilAsync(gateway, description => description.KeyRotationBegunAt is null, advance: true);
            Assert.Equal(rotation + 2, (await gateway.AsTenant(account.Describe)).KeyRotation!.Generation);
            Assert.Equal(rotation + 2, await GenerationAsync(volume));
        }

        await volume.WriteAsync(1, 0);
        var entries = GrainCluster.Publisher.KindsOf(gateway.AccountId);
        Assert.Equal((7, 7), (entries.Count(kind => kind == RotationKinds[0]), entries.Count(kind => kind == RotationKinds[1])));
    }

    [Fact]
    public async Task A_volume_whose_key_does_not_open_is_named_and_keeps_the_old_account_key_from_being_retired()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        var good = (await ReadAsync(volume)).State!.Keys;
        await ReplaceKeysAsync(volume, [good[0] with { Generation = 9 }]);
        var account = cluster.Grains.GetGrain<IAccountGrain>(gateway.AccountId);
        await gateway.AsTenant(account.RotateKey);
        await SettleUntilAsync(gateway, description => description.KeyRotation!.NextPassAt > GrainCluster.Clock.GetUtcNow());
        var stuck = (await gateway.AsTenant(account.Describe)).KeyRotation!;
        Assert.Equal(KeyRotationStage.Rewrapping, stuck.Stage);
        Assert.Contains(volume.VolumeId, stuck.Problem, StringComparison.Ordinal);
        await ReplaceKeysAsync(volume, good);
        await SettleUntilAsync(gateway, description => description.KeyRotationBegunAt is null, advance: true);
        Assert.Equal(2, await GenerationAsync(volume));
    }

    [Fact]
    public async Task I10_Keys_are_their_owners_to_rotate()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await using var stranger = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await GrainCluster.RefusedAsync(() => stranger.AsTenant(cluster.Grains.GetGrain<IAccountGrain>(gateway.AccountId).RotateKey), ErrorCodes.NotFound);
        await GrainCluster.RefusedAsync(() => stranger.AsTenant(volume.Volume.RotateKey), ErrorCodes.NotFound);
        await GrainCluster.RefusedAsync(() => stranger.AsTenant(cluster.Grains.GetGrain<IVolumeKeyring>(volume.VolumeId).RewrapKeys), ErrorCodes.NotFound);
    }

    [Fact]
    public async Task A_data_key_rotates_under_an_agent_that_attaches_again_and_every_generation_reads()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        var first = await volume.AttachAsync();
        await volume.WriteAsync(1, 0);
        var before = volume.Copy();
        var pending = await volume.UploadAsync(2, 1);
        Assert.Equal(2, await gateway.AsTenant(volume.Volume.RotateKey));

        // What was uploaded under the old key is refused with its epoch, and sealed again: same range, same digest, another key.
        await GrainCluster.RefusedAsync(() => volume.CommitAsync(pending), ErrorCodes.StaleEpoch);
        var second = await before.AttachAsync(new SealSummary(pending.Sequence, pending.LogStart, pending.LogEnd, pending.Digest));
        Assert.Equal((first.KeyGeneration + 1, first.Epoch + 2), (second.KeyGeneration, second.Epoch));
        Assert.NotEqual(first.DataKey, second.DataKey);
        Assert.Equal(first.DigestKey, second.DigestKey);
        var again = await before.UploadAsync(2, 1);
        Assert.Equal(pending.Digest, again.Digest);
        await before.CommitAsync(again);
        for (var i = 0; i < HeadMachine.FoldAtSegments; i++) await before.WriteAsync(1, i % 4 == 0 ? 2 : 3);
        await cluster.WorkEndedAsync(volume.VolumeId);
        await gateway.AsTenant(volume.Volume.RotateKey);
        await before.AttachAsync();
        await before.WriteAsync(3, 2);

        var stored = (await new Bucket(GrainCluster.Blobs, GrainCluster.AccountKeys).OpenAsync(new LineageId(gateway.AccountId, volume.VolumeId)))!;
        Assert.Equal((3, before.Sequence), (stored.Manifest.Keys.Count, stored.Sequence));
        for (var block = 0; block < 3; block++) Assert.Equal(block + 1, await ReadByteAsync(stored.NewestImage, stored.Ring, block));
        Assert.Equal(2, GrainCluster.Publisher.KindsOf(volume.VolumeId).Count(kind => kind == "volume.key-rotated"));
    }

    [Theory]
    [InlineData(StorageFault.Lost)]
    [InlineData(StorageFault.Unanswered)]
    [InlineData(StorageFault.Overtaken)]
    public async Task A_rotation_of_a_data_key_whose_save_fails_leaves_the_agent_at_work(StorageFault fault)
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
        GrainCluster.Faults.Plan(volume.VolumeId, fault);
        if (fault != StorageFault.Unanswered)
        {
            await GrainCluster.RefusedAsync(() => gateway.AsTenant(volume.Volume.RotateKey), ErrorCodes.Unavailable);
            await volume.WriteAsync(2, 1);
        }

        await gateway.AsTenant(volume.Volume.RotateKey);
        Assert.Equal(2, (await volume.AttachAsync()).KeyGeneration);
        await volume.WriteAsync(3, 2);
        var stored = (await new Bucket(GrainCluster.Blobs, GrainCluster.AccountKeys).OpenAsync(new LineageId(gateway.AccountId, volume.VolumeId)))!;
        Assert.Equal(volume.Sequence, stored.Sequence);
    }

    private async Task SettleUntilAsync(GatewayUnderTest gateway, Func<AccountDescription, bool> isDone, bool advance = false)
    {
        var (account, settles) = (cluster.Grains.GetGrain<IAccountGrain>(gateway.AccountId), cluster.Grains.GetGrain<ISettles>(GrainId.Create("account", gateway.AccountId)));
        for (var i = 0; i < 40; i++)
        {
            if (isDone(await gateway.AsTenant(account.Describe))) return;
            if (advance) GrainCluster.Clock.Advance(KeyRotationMachine.Grace);
            await SwallowAsync(() => GrainCluster.As(GrainCluster.Operator, settles.Settle));
        }

        Assert.Fail($"The rotation came to rest: {await gateway.AsTenant(account.Describe)}");
    }

    private static async Task SwallowAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (TidegateException failed) when (failed.Code == ErrorCodes.Unavailable)
        {
            // The planned fault.
        }
    }

    private async Task<int> GenerationAsync(VolumeUnderTest volume) =>
        (await ReadAsync(volume)).State!.Keys.Select(key => AccountKey.GenerationOf(key.WrappedKey)).Distinct().Single();

    private async Task PutBackAsync(VolumeUnderTest volume)
    {
        var state = (await ReadAsync(volume)).State!;
        var old = GrainCluster.Blobs.Keys.First(key => key.StartsWith($"{volume.Owner.AccountId}/{volume.VolumeId}/head/", StringComparison.Ordinal));
        var manifest = await Tidegate.BlockStore.Manifests.HeadManifest.OpenAsync(old, await GrainCluster.Blobs.GetRangeAsync(old, 0, 1 << 20), GrainCluster.AccountKeys);
        await ReplaceKeysAsync(volume, [state.Keys[0] with { WrappedKey = manifest.Keys[0].Bytes.ToArray() }]);
    }

    private async Task ReplaceKeysAsync(VolumeUnderTest volume, WrappedLineageKey[] keys)
    {
        var stored = await ReadAsync(volume);
        stored.State = stored.State! with { Keys = keys };
        await cluster.Storage.WriteStateAsync("volume", GrainId.Create("volume", volume.VolumeId), stored);
        await volume.Volume.AsReference<IGrainManagementExtension>().DeactivateOnIdle();
    }

    private async Task<GrainState<VolumeState>> ReadAsync(VolumeUnderTest volume)
    {
        var stored = new GrainState<VolumeState>(new VolumeState());
        await cluster.Storage.ReadStateAsync("volume", GrainId.Create("volume", volume.VolumeId), stored);
        return stored;
    }

    private static async Task<int> ReadByteAsync(ImageDescriptor image, IKeyring ring, int block = 0)
    {
        var reader = await ImageReader.OpenAsync(image, new SegmentCache(new BlobStoreSource(GrainCluster.Blobs), ring));
        var bytes = new byte[BlockGeometry.SectorBytes];
        await reader.ReadAsync((long)block * BlockGeometry.BlockBytes, bytes);
        return bytes[0];
    }
}
