using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Rebuild;

namespace Tidegate.Tests.Unit.BlockStore.Rebuild;

/// <summary>
/// A bucket with a volume that has folded pages, snapshots, a tail with manifests and segments after its newest manifest, and a
/// clone of it: blobs of every kind, and key files of its own.
/// </summary>
internal sealed class StoredScenario : IDisposable
{
    private StoredScenario(VolumeScenario volume, VolumeScenario clone, string directory) =>
        (Volume, Clone, Directory, Provider) = (volume, clone, directory, new KeyFileProvider(directory));

    public VolumeScenario Volume { get; }

    public VolumeScenario Clone { get; private set; }

    /// <summary>Where the key files are.</summary>
    public string Directory { get; }

    public KeyFileProvider Provider { get; }

    public Bucket Bucket => new(Volume.Store, new KeyFileReader(Directory));

    public static async Task<StoredScenario> CreateAsync(int commitsAfterManifest = 3)
    {
        var origin = new VolumeScenario(sizeBytes: 128L << 20);
        var scenario = new StoredScenario(origin, null!, System.IO.Directory.CreateTempSubdirectory("tidegate-store-").FullName);
        var random = new Random(17);
        void Change(VolumeScenario volume)
        {
            for (var i = 0; i < 6; i++) volume.Write((random.Next(3) * (16L << 9)) + random.Next(200), random.Next(1, 20));
            volume.Discard(random.Next(200), random.Next(1, 40));
        }

        for (var i = 0; i < 4; i++)
        {
            Change(origin);
            await origin.CommitAsync($"snap-{i}");
        }
        await origin.FoldAsync();
        Change(origin);
        await origin.CommitAsync("snap-4");
        var clone = scenario.Clone = origin.Clone("vol-2", "snap-4", (await origin.OpenCatalogue().FindSnapshotAsync("snap-4"))!);
        // More than fit the head, so that tail manifests are written.
        for (var i = 0; i < 40; i++)
        {
            Change(origin);
            await origin.CommitAsync();
        }
        await origin.PutManifestAsync(scenario.Provider);
        for (var i = 0; i < commitsAfterManifest; i++)
        {
            Change(origin);
            await origin.CommitAsync();
        }
        Change(clone);
        await clone.CommitAsync("cut");
        await clone.PutManifestAsync(scenario.Provider, origin);
        return scenario;
    }

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}
