using Tidegate.BlockStore;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Records;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Volumes;
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
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
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
    public async Task Erasure_names_its_victims_and_once_confirmed_nothing_can_be_read_again()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
        var (clone, snapshotId) = await CloneAsync(gateway, volume);
        var wrapped = (await volume.NewestManifestAsync()).Keys;
        var victims = await gateway.AsTenant(volume.Volume.ListEraseVictims);
        Assert.Equal([snapshotId, clone], victims);
        Assert.Contains("vol-other", (await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => volume.Volume.Erase([.. victims, "vol-other"])), ErrorCodes.InvalidState)).Message, StringComparison.Ordinal);
        var refused = await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => volume.Volume.Erase([snapshotId])), ErrorCodes.InvalidState);
        Assert.Contains(clone, refused.Message, StringComparison.Ordinal);
        await using var stranger = await GatewayUnderTest.NewAsync(cluster);
        await GrainCluster.RefusedAsync(() => stranger.AsTenant(() => volume.Volume.Erase(victims)), ErrorCodes.NotFound);

        Assert.Contains("''", (await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => volume.Volume.Erase([.. victims, ""])), ErrorCodes.InvalidState)).Message, StringComparison.Ordinal);

        await gateway.AsTenant(() => volume.Volume.Erase(victims));
        await gateway.AsTenant(() => volume.Volume.Erase([]));
        var snapshot = cluster.Grains.GetGrain<ISnapshotGrain>(snapshotId);
        Assert.Contains("erased", (await GrainCluster.RefusedAsync(() => gateway.AsTenant(snapshot.Describe), ErrorCodes.NotFound)).Message, StringComparison.Ordinal);
        Assert.DoesNotContain("erased", (await GrainCluster.RefusedAsync(() => stranger.AsTenant(snapshot.Describe), ErrorCodes.NotFound)).Message, StringComparison.Ordinal);
        await gateway.AsTenant(snapshot.Delete);
        await GrainCluster.Publisher.PublishedAsync(snapshotId, "snapshot.erased");
        await GrainCluster.RefusedAsync(() => gateway.AsTenant(volume.Volume.Describe), ErrorCodes.NotFound);
        var late = cluster.Grains.GetGrain<IVolumeGrain>(ResourceId.New(ResourceKind.Volume));
        await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => late.Create(VolumeUnderTest.Specification(gateway, "late", snapshotId))), ErrorCodes.NotFound);

        await PurgedAsync(volume.VolumeId);

        // Neither blobs, nor the clone's manifest, nor any record holds the key in any wrapping.
        var prefix = $"{gateway.AccountId}/{volume.VolumeId}/";
        Assert.All(GrainCluster.Blobs.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)), key => Assert.True(RecordArchive.IsRecord(key), key));
        Assert.Null(await new Bucket(GrainCluster.Blobs, GrainCluster.AccountKeys).OpenAsync(new LineageId(gateway.AccountId, clone)));
        foreach (var key in GrainCluster.Blobs.Keys.Where(key => key.StartsWith(gateway.AccountId, StringComparison.Ordinal)))
        {
            var content = await GrainCluster.Blobs.GetRangeAsync(key, 0, 1 << 26);
            Assert.All(wrapped.Where(one => one.Owner.VolumeId == volume.VolumeId), one => Assert.Equal(-1, content.Span.IndexOf(one.Bytes.Span)));
        }
        await GrainCluster.Publisher.PublishedAsync(volume.VolumeId, "volume.erased");
        await GrainCluster.Publisher.PublishedAsync(clone, "volume.erased");
        var audited = GrainCluster.Publisher.Of(volume.VolumeId).Single(entry => entry.Kind == "volume.erasure-begun");
        Assert.All(victims, victim => Assert.Contains(victim, audited.Json, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(StorageFault.Lost)]
    [InlineData(StorageFault.Unanswered)]
    [InlineData(StorageFault.Overtaken)]
    public async Task An_erasure_that_fails_at_any_save_is_not_begun_or_goes_on_by_itself(StorageFault fault)
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        for (var save = 0; save < 4; save++)
        {
            var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
            var (clone, _) = await CloneAsync(gateway, volume);
            var victims = await gateway.AsTenant(volume.Volume.ListEraseVictims);
            // The clone's first and second save, then the volume's first and later ones.
            GrainCluster.Faults.Plan(save < 2 ? clone : volume.VolumeId, [.. Enumerable.Repeat(StorageFault.None, save % 2), fault]);
            try
            {
                await gateway.AsTenant(() => volume.Volume.Erase(victims));
            }
            catch (TidegateException failed) when (failed.Code == ErrorCodes.Unavailable)
            {
                // Saved or not, the same request again is right; so is the settling that a wake shard asks for.
                if (save != 2) await GrainCluster.As(GrainCluster.Operator, cluster.Grains.GetGrain<ISettles>(GrainId.Create("volume", volume.VolumeId)).Settle);
                await gateway.AsTenant(() => volume.Volume.Erase(save == 2 ? victims : []));
            }

            Assert.True(GrainCluster.Faults.IsSpent(clone) && GrainCluster.Faults.IsSpent(volume.VolumeId));
            foreach (var erased in new[] { volume.VolumeId, clone })
            {
                await GrainCluster.Publisher.PublishedAsync(erased, "volume.erased");
                Assert.Equal(1, GrainCluster.Publisher.KindsOf(erased).Count(kind => kind == "volume.erasure-begun"));
                Assert.Null(await new Bucket(GrainCluster.Blobs, GrainCluster.AccountKeys).OpenAsync(new LineageId(gateway.AccountId, erased)));
            }
        }
    }

    [Fact]
    public async Task What_a_lost_activation_stores_after_an_erasure_goes_too()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
        var manifest = GrainCluster.Blobs.Keys.Last(key => key.StartsWith($"{gateway.AccountId}/{volume.VolumeId}/head/", StringComparison.Ordinal));
        var content = await GrainCluster.Blobs.GetRangeAsync(manifest, 0, 1 << 20);
        await gateway.AsTenant(() => volume.Volume.Erase([]));
        await GrainCluster.Blobs.PutIfAbsentAsync(manifest, content);
        await PurgedAsync(volume.VolumeId);
        Assert.DoesNotContain(manifest, GrainCluster.Blobs.Keys);
    }

    [Fact]
    public async Task Reads_and_clones_of_what_was_erased_say_so_and_a_snapshot_of_a_clone_is_a_victim_too()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
        var (clone, snapshotId) = await CloneAsync(gateway, volume);
        var (grandchild, second) = await CloneAsync(gateway, VolumeUnderTest.Of(cluster, gateway, clone));
        await gateway.AsTenant(cluster.Grains.GetGrain<IVolumeGrain>(clone).Delete);
        var victims = await gateway.AsTenant(volume.Volume.ListEraseVictims);
        Assert.Equal([snapshotId, second, grandchild], victims);
        await gateway.AsTenant(() => volume.Volume.Erase(victims));
        foreach (var (origin, snapshot) in new[] { (volume.VolumeId, snapshotId), (clone, second) })
        {
            var read = await GrainCluster.RefusedAsync(
                () => gateway.AsTenant(() => cluster.Grains.GetGrain<IVolumeSnapshots>(origin).OpenImage(snapshot)), ErrorCodes.NotFound);
            Assert.Contains("erased", read.Message, StringComparison.Ordinal);
            var late = cluster.Grains.GetGrain<IVolumeGrain>(ResourceId.New(ResourceKind.Volume));
            var refused = await GrainCluster.RefusedAsync(
                () => gateway.AsTenant(() => late.Create(VolumeUnderTest.Specification(gateway, "late", snapshot))), ErrorCodes.NotFound);
            Assert.Contains("erased", refused.Message, StringComparison.Ordinal);
        }

        await GrainCluster.RefusedAsync(() => gateway.AsTenant(cluster.Grains.GetGrain<IVolumeGrain>(grandchild).Describe), ErrorCodes.NotFound);
    }

    private async Task PurgedAsync(string volumeId)
    {
        do
        {
            await cluster.WorkEndedAsync(volumeId);
            GrainCluster.Clock.Advance(TimeSpan.FromHours(1));
        }
        while (await GrainCluster.As(GrainCluster.Operator, cluster.Grains.GetGrain<ISettles>(GrainId.Create("volume", volumeId)).Settle) is not null);
    }

    private async Task<(string CloneId, string SnapshotId)> CloneAsync(GatewayUnderTest gateway, VolumeUnderTest volume)
    {
        if (volume.Sequence == 0) await volume.AttachAsync();
        var snapshotId = await volume.SnapshotAsync(9, 3);
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
