using Tidegate.BlockStore;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Records;
using Tidegate.BlockStore.Verification;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Volumes;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>Rotation of keys, and erasure by their destruction (issue: keys as specified).</summary>
[Collection(GrainCollection.Name)]
public sealed class KeyTests(GrainCluster cluster)
{
    [Fact]
    public async Task A_new_data_key_is_used_from_the_next_epoch_on_and_everything_stays_readable()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        await volume.WriteAsync(1, 0);
        var waiting = volume.Copy();
        var uploaded = await waiting.UploadAsync(2, 1);
        Assert.Equal(2, await gateway.AsTenant(volume.Volume.RotateKey));
        await GrainCluster.RefusedAsync(() => waiting.CommitAsync(uploaded), ErrorCodes.StaleEpoch);
        var attached = await volume.AttachAsync();
        Assert.Equal(2, attached.KeyGeneration);
        Assert.NotEqual(attached.DataKey, attached.DigestKey);
        await volume.WriteAsync(3, 1);
        var stored = await OpenAsync(volume);
        Assert.Equal(2, stored.Manifest.Keys.Count);
        Assert.Equal([1, 3], await FirstBytesAsync(stored, 2));
        await using var stranger = await GatewayUnderTest.NewAsync(cluster);
        await GrainCluster.RefusedAsync(() => stranger.AsTenant(volume.Volume.RotateKey), ErrorCodes.NotFound);
    }

    [Fact]
    public async Task Rotating_an_accounts_key_wraps_every_key_of_it_anew_and_destroys_the_old_one()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        await volume.WriteAsync(1, 0);
        var (clone, _) = await CloneAsync(gateway, volume);
        var old = await volume.NewestManifestAsync();
        var account = cluster.Grains.GetGrain<IAccountGrain>(gateway.AccountId);
        Assert.NotNull((await gateway.AsTenant(account.RotateKey)).KeyRotationBegunAt);
        await GrainCluster.Publisher.PublishedAsync(gateway.AccountId, "account.key-rotated");
        Assert.NotNull((await gateway.AsTenant(account.Describe)).KeyRotatedAt);

        // What the old key wrapped opens no more, and the bucket holds nothing of it.
        var own = old.Keys[0];
        await Assert.ThrowsAsync<Tidegate.BlockStore.Formats.CorruptDataException>(
            async () => await GrainCluster.AccountKeys.UnwrapAsync(own.Owner, own.Generation, own.Bytes));
        var bucket = new Bucket(GrainCluster.Blobs, GrainCluster.AccountKeys);
        var report = await new StoreVerifier(bucket).RunAsync([new LineageId(gateway.AccountId, volume.VolumeId), new LineageId(gateway.AccountId, clone)]);
        Assert.True(report.IsSound, string.Join('\n', report.Damages));
        using var archive = new RecordArchive(GrainCluster.Blobs, GrainCluster.AccountKeys);
        await foreach (var record in archive.ListAsync().Where(record => record.Owner.AccountId == gateway.AccountId)) await archive.OpenAsync(record);
        await volume.WriteAsync(2, 1);
        await volume.AttachAsync();
    }

    [Fact]
    public async Task Erasure_names_its_victims_and_once_confirmed_nothing_can_be_read_again()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        await volume.WriteAsync(1, 0);
        var (clone, snapshotId) = await CloneAsync(gateway, volume);
        var wrapped = (await volume.NewestManifestAsync()).Keys;
        var victims = await gateway.AsTenant(volume.Volume.ListEraseVictims);
        Assert.Equal([snapshotId, clone], victims);
        var refused = await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => volume.Volume.Erase([snapshotId])), ErrorCodes.InvalidState);
        Assert.Contains(clone, refused.Message, StringComparison.Ordinal);
        await using var stranger = await GatewayUnderTest.NewAsync(cluster);
        await GrainCluster.RefusedAsync(() => stranger.AsTenant(() => volume.Volume.Erase(victims)), ErrorCodes.NotFound);

        await gateway.AsTenant(() => volume.Volume.Erase(victims));
        await gateway.AsTenant(() => volume.Volume.Erase([]));
        await GrainCluster.RefusedAsync(() => gateway.AsTenant(volume.Volume.Describe), ErrorCodes.NotFound);
        var late = cluster.Grains.GetGrain<IVolumeGrain>(ResourceId.New(ResourceKind.Volume));
        await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => late.Create(VolumeUnderTest.Specification(gateway, "late", snapshotId))), ErrorCodes.NotFound);

        do await cluster.WorkEndedAsync(volume.VolumeId);
        while (await cluster.Grains.GetGrain<ISettles>(GrainId.Create("volume", volume.VolumeId)).Settle() is not null);

        // Neither blobs, nor the clone's manifest, nor any record holds the key in any wrapping.
        var prefix = $"{gateway.AccountId}/{volume.VolumeId}/";
        Assert.All(GrainCluster.Blobs.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)), key => Assert.True(RecordArchive.IsRecord(key), key));
        var stored = (await new Bucket(GrainCluster.Blobs, GrainCluster.AccountKeys).OpenAsync(new LineageId(gateway.AccountId, clone)))!;
        Assert.DoesNotContain(stored.Manifest.Keys, key => key.Owner.VolumeId == volume.VolumeId);
        foreach (var key in GrainCluster.Blobs.Keys.Where(key => key.StartsWith(gateway.AccountId, StringComparison.Ordinal)))
        {
            var content = await GrainCluster.Blobs.GetRangeAsync(key, 0, 1 << 26);
            Assert.All(wrapped.Where(one => one.Owner.VolumeId == volume.VolumeId), one => Assert.Equal(-1, content.Span.IndexOf(one.Bytes.Span)));
        }
        await GrainCluster.Publisher.PublishedAsync(volume.VolumeId, "volume.erased");
        await GrainCluster.Publisher.PublishedAsync(clone, "volume.lineage-erased");
    }

    private async Task<(string CloneId, string SnapshotId)> CloneAsync(GatewayUnderTest gateway, VolumeUnderTest volume)
    {
        await gateway.ConnectAsync();
        var snapshotId = ResourceId.New(ResourceKind.Snapshot);
        var segment = await volume.UploadAsync(9, 3, snapshotId);
        volume.TakesBarriersAt(segment.LogEnd);
        await gateway.AsTenant(() => volume.Volume.CreateSnapshot(snapshotId, "", ResourceId.New(ResourceKind.Request)));
        await volume.CommitAsync(segment);
        await GrainCluster.Publisher.PublishedAsync(snapshotId, "snapshot.completed");
        var clone = await VolumeUnderTest.NewAsync(cluster, gateway, snapshotId);
        return (clone.VolumeId, snapshotId);
    }

    private static async Task<StoredVolume> OpenAsync(VolumeUnderTest volume) =>
        (await new Bucket(GrainCluster.Blobs, GrainCluster.AccountKeys).OpenAsync(new LineageId(volume.Owner.AccountId, volume.VolumeId)))!;

    private static async Task<byte[]> FirstBytesAsync(StoredVolume stored, int blocks)
    {
        var reader = await ImageReader.OpenAsync(stored.NewestImage, stored.Segments);
        var bytes = new byte[blocks * BlockGeometry.BlockBytes];
        await reader.ReadAsync(0, bytes);
        return [.. Enumerable.Range(0, blocks).Select(block => bytes[block * BlockGeometry.BlockBytes])];
    }
}
