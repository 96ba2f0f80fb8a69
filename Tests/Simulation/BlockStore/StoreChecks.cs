using Tidegate.BlockStore;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Diff;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Reclaim;
using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>What must hold of saved volumes, against a model that knows nothing of maps, tails and catalogues.</summary>
internal static class StoreChecks
{
    /// <summary>After every save of a head.</summary>
    internal static void Saved(SimulatedVolume volume, VolumeRow before, VolumeRow after)
    {
        var head = after.Head;
        var encoded = head.Encode();
        if (VolumeHead.Decode(encoded) != head) throw new Violation($"{volume.Id}: the head does not survive its encoding");
        if (head.Epoch != after.Truth.Epoch) throw new Violation($"{volume.Id}: the head is at epoch {head.Epoch}, {after.Truth.Epoch} were granted (I7)");
        if (head.CommittedSequence != after.Truth.Sequence)
            throw new Violation($"{volume.Id}: the head is at segment {head.CommittedSequence}, {after.Truth.Sequence} were committed (I8)");
        if (StagedTruth.Differs(after.Truth.Staged, head) is { } staged) throw new Violation($"{volume.Id}: {staged}");
        if (before == after || head.ToImage() != before.Head.ToImage())
            Image(volume, after, head.ToImage(), after.Truth.Tip.State, head.SizeBytes, "the head's image (I3)");
        var isStagedElse = head.Staging?.Root != before.Head.Staging?.Root || (head.Staging is null && before.Head.Staging is not null);
        if (head.BaseSequence != before.Head.BaseSequence || isStagedElse) AccountingCheck.Run(volume, after);
        if (head.Relocation == before.Head.Relocation) return;
        AccountingCheck.Run(volume, after);
        Snapshots(volume, after);
        Points(volume, after);
    }

    /// <summary>Everything that is saved, through the product's readers alone.</summary>
    internal static void All(SimulatedVolume volume)
    {
        if (volume.Row is not { } row) return;
        var head = row.Head;
        Image(volume, row, head.ToImage(), row.Truth.Tip.State, head.SizeBytes, "the head's image (I3)");
        Snapshots(volume, row);
        Points(volume, row);
        AccountingCheck.Run(volume, row);
        Reached(volume);
    }

    /// <summary>Nothing that a volume reaches is condemned, by itself or by any other (I5).</summary>
    internal static void Condemned(StoreWorld world)
    {
        var condemned = world.Volumes.Where(volume => volume.Row is not null)
            .SelectMany(volume => Sync.ToList(volume.OpenCatalogue(volume.Row!.Head).ListTombstonesAsync())).Select(tombstone => tombstone.BlobKey).ToHashSet();
        foreach (var volume in world.Volumes)
            if (volume.Row is { } row && Reachability.Of(volume, row).FirstOrDefault(condemned.Contains) is { } key)
                throw new Violation($"{volume.Id} reaches blob {key}, which is condemned (I5)");
    }

    /// <summary>Every blob that a saved volume needs is there (I5).</summary>
    internal static void Reached(SimulatedVolume volume)
    {
        if (volume.Row is not { } row) return;
        foreach (var key in Reachability.Of(volume, row))
            if (!volume.World.Bucket.Contains(key)) throw new Violation($"{volume.Id} reaches blob {key}, which is gone (I5)");
    }

    /// <summary>Every snapshot is there and is what the volume was at its point (I4).</summary>
    internal static void Snapshots(SimulatedVolume volume, VolumeRow row)
    {
        var records = Sync.ToList(volume.OpenCatalogue(row.Head).ListSnapshotsAsync());
        if (!records.Where(record => !IsKeptPoint(record)).Select(record => record.SnapshotId).SequenceEqual(row.Truth.Snapshots.Keys))
            throw new Violation(
                $"{volume.Id}: the catalogue has snapshots [{string.Join(", ", records.Select(record => record.SnapshotId))}], not [{string.Join(", ", row.Truth.Snapshots.Keys)}] (I4)");
        foreach (var record in records)
        {
            if (!IsKeptPoint(record) && !row.Truth.Snapshots[record.SnapshotId].IsOfPoint && record.Sequence <= row.Head.BaseSequence && record.Sequence > 0 && record.Image.Tail.Count > 0)
                throw new Violation($"{volume.Id}: {record.SnapshotId} at {record.Sequence} has no root of its own, and the head is folded to {row.Head.BaseSequence}");
            var size = IsKeptPoint(record) ? record.Image.SizeBytes : row.Truth.Snapshots[record.SnapshotId].SizeBytes;
            Image(volume, row, record.Image, PointOf(row, record).State, size, $"{record.SnapshotId} (I4)");
        }
    }

    /// <summary>The record of the log that a cut stands after: a snapshot's, or that of a commit which thinning kept.</summary>
    internal static LogEntry PointOf(VolumeRow row, SnapshotRecord record) =>
        IsKeptPoint(record) ? row.Truth.PointAt(record.Sequence) : row.Truth.Snapshots[record.SnapshotId].Point;

    internal static bool IsKeptPoint(SnapshotRecord record) => record.SnapshotId.StartsWith(RecoveryPoints.KeptPrefix, StringComparison.Ordinal);

    /// <summary>Every commit since the window's beginning can be read as it was (I4).</summary>
    internal static void Points(SimulatedVolume volume, VolumeRow row)
    {
        var window = Sync.Result(volume.OpenCatalogue(row.Head).GetWindowAsync());
        var from = Math.Max(1, window?.FromSequence ?? row.Head.BaseSequence + 1);
        foreach (var segment in row.Truth.Segments.Where(segment => segment.Sequence >= from && segment.Published is null && volume.World.Chance(0.3)))
        {
            var found = Sync.Result(RecoveryPoints.FindAsync(row.Head, volume.OpenCatalogue(row.Head), segment.Sequence, "point", volume.Segments, volume.Sealer));
            if (found is not { } point) throw new Violation($"{volume.Id}: the recovery window reaches from {from} to {row.Head.CommittedSequence}, and {segment.Sequence} is not found");
            foreach (var blob in point.Blobs) Sync.Result(volume.World.Bucket.PutIfAbsentAsync(blob.Key, blob.Content));
            Image(volume, row, point.Cut.Image, segment.To.State, point.Cut.Image.SizeBytes, $"the recovery point at {segment.Sequence} (I4)");
        }
    }

    /// <summary>
    /// Two images of one history differ in exactly the blocks whose sectors were written by other writes; a branch that was published may have copied
    /// others as they were.
    /// </summary>
    internal static bool Difference(SimulatedVolume volume, VolumeRow row, (ImageDescriptor Image, int[] State) one, (ImageDescriptor Image, int[] State) two)
    {
        var changed = Sync.ToList(ImageDiff.ChangedBlocksAsync(volume.Open(row, one.Image), volume.Open(row, two.Image)));
        var space = volume.World.Space;
        var expected = space.Blocks.Where((_, i) => !Sectors(one.State, i).SequenceEqual(Sectors(two.State, i))).ToList();
        var isExact = !row.Truth.Segments.Exists(segment => segment.Published is not null);
        if (isExact ? !changed.SequenceEqual(expected) : expected.Except(changed).Any())
            throw new Violation($"{volume.Id}: the changed blocks are [{string.Join(", ", changed)}], not [{string.Join(", ", expected)}]");
        return changed.Count > 0;
    }

    /// <summary>Reads a whole image: the sectors that it says it holds are those that were written, and hold what was written.</summary>
    internal static void Image(SimulatedVolume volume, VolumeRow row, ImageDescriptor image, int[] state, long sizeBytes, string what)
    {
        if (image.SizeBytes != sizeBytes) throw new Violation($"{volume.Id}: {what} has {image.SizeBytes} bytes, not {sizeBytes}");
        if (Differs(volume.Open(row, image), volume.World.Space, state, volume.World.Buffer) is { } difference)
            throw new Violation($"{volume.Id}: {what}: {difference}");
    }

    /// <summary>How an image differs from a state, or null.</summary>
    internal static string? Differs(ImageReader reader, SparseSpace space, int[] state, byte[] buffer)
    {
        var held = new ushort[space.Blocks.Length];
        foreach (var block in Sync.ToList(reader.EnumerateBlocksAsync()))
        {
            var at = space.IndexOfBlock(block.Block);
            if (at < 0 || held[at] != 0) return $"block {block.Block} is held, and was never written";
            held[at] = block.Mask;
        }
        for (var at = 0; at < held.Length; at++)
        {
            var sectors = Sectors(state, at);
            ushort written = 0;
            for (var i = 0; i < sectors.Length; i++)
                if (sectors[i] != 0) written |= (ushort)(1 << i);
            if (held[at] != written) return $"block {space.Blocks[at]} holds sectors 0x{held[at]:x4}, 0x{written:x4} were written";
            var offset = space.Blocks[at] * (long)BlockGeometry.BlockBytes;
            if (written == 0 || offset >= reader.SizeBytes) continue;
            var length = (int)Math.Min(BlockGeometry.BlockBytes, reader.SizeBytes - offset);
            Sync.Run(reader.ReadAsync(offset, buffer.AsMemory(0, length)));
            for (var i = 0; i < length / SectorBytes.Length; i++)
            {
                var bytes = buffer.AsSpan(i * SectorBytes.Length, SectorBytes.Length);
                if (!SectorBytes.Holds(sectors[i], (offset / SectorBytes.Length) + i, bytes))
                    return $"sector {(offset / SectorBytes.Length) + i} holds {SectorBytes.Describe(bytes)}, not {sectors[i]}";
            }
        }
        return null;
    }

    private static ReadOnlySpan<int> Sectors(int[] state, int block) => state.AsSpan(block * BlockGeometry.SectorsPerBlock, BlockGeometry.SectorsPerBlock);
}
