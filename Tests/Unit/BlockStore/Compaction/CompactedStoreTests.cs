using Tidegate.BlockStore.Export;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Verification;
using Tidegate.Tests.Unit.BlockStore.Rebuild;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Compaction;

/// <summary>What needs nothing but bucket and account key finds what was moved, also where only an origin's manifest tells.</summary>
public sealed class CompactedStoreTests : IDisposable
{
    private readonly TemporaryKeys _keys = new();

    public void Dispose() => _keys.Dispose();

    [Fact]
    public async Task I13_a_compacted_volume_and_its_clone_verify_and_export_from_the_bucket_alone()
    {
        var (origin, clone) = await CompactedAsync();
        Assert.True((await VerifyAsync(origin)).IsSound);
        foreach (var volume in new[] { origin, clone })
        {
            var stored = (await BucketOf(origin).OpenAsync(volume.Lineage))!;
            foreach (var point in volume.SnapshotModels.Keys.Append(StoredVolume.HeadImage))
            {
                var image = point == StoredVolume.HeadImage ? null : (await volume.OpenCatalogue().FindSnapshotAsync(point))!.Image;
                var expected = await new ImageExport(await volume.OpenAsync(image)).ToStreamAsync(Stream.Null);
                var reader = await ImageReader.OpenAsync((await stored.FindImageAsync(point))!, stored.Segments);
                Assert.Equal(expected, await new ImageExport(reader).ToStreamAsync(Stream.Null));
            }
        }
    }

    [Fact]
    public async Task I6_damage_in_a_container_is_named_with_the_container()
    {
        var (origin, _) = await CompactedAsync();
        var container = origin.Store.Keys.First(key => key.Contains("/vol-1/moved/", StringComparison.Ordinal));
        origin.Store.Tamper(container, bytes =>
        {
            bytes[300] ^= 1;
            return bytes;
        });
        var damage = Assert.Single((await VerifyAsync(origin)).Damages);
        Assert.Equal((DamageKind.Frame, container), (damage.Kind, damage.BlobKey));
    }

    private static async Task<VerifyReport> VerifyAsync(VolumeScenario origin, Bucket bucket)
    {
        var volumes = await bucket.ListVolumesAsync().Select(volume => volume.Lineage).ToListAsync();
        Assert.Contains(origin.Lineage, volumes);
        return await new StoreVerifier(bucket, new VerifyOptions()).RunAsync(volumes);
    }

    private Task<VerifyReport> VerifyAsync(VolumeScenario origin) => VerifyAsync(origin, BucketOf(origin));

    private Bucket BucketOf(VolumeScenario volume) => new(volume.Store, _keys.Provider);

    private async Task<(VolumeScenario Origin, VolumeScenario Clone)> CompactedAsync()
    {
        var origin = new VolumeScenario(sizeBytes: 128L << 20);
        await ChangeAsync(origin, "cut");
        var clone = await origin.CloneAsync("vol-2", "cut");
        await ChangeAsync(clone, "own");
        await clone.CompactAsync();
        await clone.PutManifestAsync(_keys.Provider, origin);
        await ChangeAsync(origin, "late");
        while (await origin.CompactAsync() is not null)
        {
        }
        await origin.PutManifestAsync(_keys.Provider);
        return (origin, clone);
    }

    private static async Task ChangeAsync(VolumeScenario volume, string snapshotId)
    {
        var random = new Random(19);
        for (var i = 0; i < 6; i++)
        {
            for (var write = 0; write < 10; write++) volume.Write(random.Next(40) * 16, 16);
            await volume.CommitAsync(i == 3 ? [snapshotId] : []);
        }
        await volume.FoldAsync();
    }
}
