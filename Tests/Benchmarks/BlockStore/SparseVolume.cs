using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Diff;
using Tidegate.BlockStore.Images;

namespace Tidegate.Tests.Benchmarks.BlockStore;

/// <summary>
/// A volume of 16 TiB, filled all over with as much as is asked for, in a process of its own: committed, folded, cut, compared, read and a
/// snapshot deleted by the product's own parts on a directory. Prints what it did and the most memory that it ever held (I11).
/// </summary>
internal static class SparseVolume
{
    private const long SizeBytes = 16L << 40;
    private const int RunBlocks = 16;
    private const int RunBytes = RunBlocks * BlockGeometry.BlockBytes;
    private const int Reads = 2000;
    private const int Overwrites = 1000;
    private const long PageCacheBytes = 16 << 20;

    /// <summary>Runs in an empty directory; 0 when all of it was right.</summary>
    public static async Task<int> RunAsync(string directory, long mappedBytes)
    {
        var started = TimeProvider.System.GetTimestamp();
        var before = Status("VmRSS");
        var volume = new BenchVolume(new DirectoryBlobStore(directory, TimeProvider.System), SizeBytes);
        var runs = mappedBytes / RunBytes;
        // Evenly spread, in an order that is not theirs: the step has no factor with the number of places.
        var places = SizeBytes / RunBytes;
        long PlaceOf(long run) => (long)((UInt128)run * 6_364_136_223_846_793_005 % (ulong)places);
        var data = new byte[RunBytes];
        for (long run = 0; run < runs; run++)
        {
            Fill(data, PlaceOf(run), 1);
            await volume.WriteAsync(PlaceOf(run) * RunBytes, data);
        }

        await volume.CommitAsync("full");
        var random = new Random(7);
        var changed = new HashSet<long>();
        for (var i = 0; i < Overwrites; i++)
        {
            var place = PlaceOf(random.NextInt64(runs));
            Fill(data, place, 2);
            await volume.WriteAsync(place * RunBytes, data.AsMemory(0, BlockGeometry.BlockBytes));
            changed.Add(place);
        }

        await volume.CommitAsync("changed");
        await volume.FoldAsync();
        var (full, later) = (await OpenAsync(volume, "full"), await OpenAsync(volume, "changed"));
        long blocks = 0, differing = 0;
        await foreach (var _ in later.EnumerateBlocksAsync()) blocks++;
        await foreach (var _ in ImageDiff.ChangedBlocksAsync(full, later)) differing++;
        for (var i = 0; i < Reads; i++)
        {
            var place = PlaceOf(random.NextInt64(runs));
            foreach (var (image, version) in new[] { (full, 1), (later, changed.Contains(place) ? 2 : 1) })
            {
                var read = new byte[BlockGeometry.BlockBytes];
                await image.ReadAsync(place * RunBytes, read);
                Fill(data, place, version);
                if (!data.AsSpan(0, read.Length).SequenceEqual(read)) throw new InvalidOperationException($"Run {place} reads wrong.");
            }
        }

        await volume.DeleteSnapshotAsync("full");
        Console.WriteLine(new JsonObject
        {
            ["mappedBytes"] = blocks * BlockGeometry.BlockBytes,
            ["changedBlocks"] = differing,
            ["expectedChangedBlocks"] = changed.Count,
            ["commits"] = volume.Head.CommittedSequence,
            ["storedBytes"] = volume.Store.StoredBytes,
            ["mapBytes"] = volume.Store.StoredByKind.GetValueOrDefault("map"),
            ["startBytes"] = before,
            ["peakBytes"] = Status("VmHWM"),
            ["seconds"] = Math.Round(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 1),
        }.ToJsonString());
        return 0;
    }

    // Compressible, so that disk and time go into the map; every sector tells where it belongs.
    private static void Fill(Span<byte> data, long place, int version)
    {
        var words = MemoryMarshal.Cast<byte, long>(data);
        for (var i = 0; i < words.Length; i += BlockGeometry.SectorBytes / sizeof(long))
            words.Slice(i, BlockGeometry.SectorBytes / sizeof(long)).Fill(BinaryPrimitives.ReverseEndianness((place << 16) + (i << 4) + version));
    }

    private static async Task<ImageReader> OpenAsync(BenchVolume volume, string snapshotId)
    {
        var snapshot = await new CatalogueEdit(volume.Head, volume.Segments).FindSnapshotAsync(snapshotId);
        return await ImageReader.OpenAsync(
            // One cache for all that a process does with a volume, as in a silo.
            snapshot!.Image.At(volume.Head.Relocations), volume.Segments, new ImageReaderOptions { MaxPageBytes = PageCacheBytes });
    }

    private static long Status(string field)
    {
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(field + ":", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Trim().Split('\t')[^1], CultureInfo.InvariantCulture) * 1024;
    }
}
