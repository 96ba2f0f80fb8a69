using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Manifests;
using Tidegate.BlockStore.Segments;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Manifests;

public sealed class HeadManifestTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tidegate-manifest-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task With_bucket_and_account_key_alone_a_clone_reads_through_its_origins_cut()
    {
        var provider = new KeyFileProvider(_directory);
        var origin = new VolumeScenario();
        origin.Write(5, 20);
        await origin.CommitAsync("cut");
        var clone = origin.Clone("vol-2", "cut", (await origin.OpenCatalogue().FindSnapshotAsync("cut"))!);
        clone.Write(10, 4);
        await clone.CommitAsync();
        var head = clone.Head with { Manifest = clone.Sealer.NewIdentity(SegmentKind.Head, clone.Head.Version) };
        var blob = new HeadManifest(head, [await WrapAsync(provider, clone), await WrapAsync(provider, origin)]).Seal(clone.Sealer);
        await clone.PutAsync(blob, default);
        Assert.StartsWith($"{clone.Lineage}/head/{clone.Head.Version:x16}-", blob.Key, StringComparison.Ordinal);

        // From here on only the store and the key files.
        var content = await clone.Store.GetRangeAsync(blob.Key, 0, 1 << 20);
        var manifest = await HeadManifest.OpenAsync(blob.Key, content, new KeyFileProvider(_directory));
        Assert.Equal(head, manifest.Head);
        var ring = new Keyring();
        foreach (var key in manifest.Keys)
            ring.Add(key.Owner, key.Generation, await provider.UnwrapAsync(key.Owner, key.Generation, key.Bytes));
        var reader = await ImageReader.OpenAsync(manifest.Head.ToImage(), new SegmentCache(new BlobStoreSource(clone.Store), ring));
        var buffer = new byte[25 * 4096];
        await reader.ReadAsync(0, buffer);
        Assert.Contains(buffer, value => value != 0);
        await clone.VerifyAsync(manifest.Head.ToImage());
    }

    [Fact]
    public async Task I6_an_altered_truncated_or_renamed_manifest_does_not_open()
    {
        var provider = new KeyFileProvider(_directory);
        var volume = new VolumeScenario();
        await volume.CommitAsync("cut");
        var blob = new HeadManifest(volume.Head, [await WrapAsync(provider, volume)]).Seal(volume.Sealer);
        var random = new Random(41);
        for (var i = 0; i < 400; i++)
        {
            var altered = blob.Content.ToArray();
            altered[random.Next(altered.Length)] ^= (byte)(1 << random.Next(8));
            await Assert.ThrowsAsync<CorruptDataException>(() => HeadManifest.OpenAsync(blob.Key, altered, provider));
        }
        for (var length = 0; length < blob.Content.Length; length += 7)
            await Assert.ThrowsAsync<CorruptDataException>(() => HeadManifest.OpenAsync(blob.Key, blob.Content[..length], provider));
        foreach (var key in new[] { "a", $"{volume.Lineage}/head/c", blob.Key[..^1] + "0", blob.Key.Replace("/head/", "/tail/", StringComparison.Ordinal), blob.Key.Replace("vol-1", "vol-2", StringComparison.Ordinal) })
            await Assert.ThrowsAsync<CorruptDataException>(() => HeadManifest.OpenAsync(key, blob.Content, provider));
    }

    [Fact]
    public void A_manifest_without_its_own_key_is_not_made()
    {
        var volume = new VolumeScenario();
        Assert.Throws<InvalidOperationException>(() => new HeadManifest(volume.Head, []).Seal(volume.Sealer));
    }

    private static async Task<WrappedKey> WrapAsync(IKeyProvider provider, VolumeScenario volume) =>
        new(volume.Lineage, 1, await provider.WrapAsync(volume.Lineage, 1, volume.Ring.Find(volume.Lineage, 1)!));
}
