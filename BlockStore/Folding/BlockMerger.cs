using System.Numerics;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Folding;

/// <summary>
/// Merges the frames of crowded blocks while their leaves are written anyway (<c>docs/formats/map.md</c>, Merging): reads them, seals the sectors that
/// live as one frame, compressed anew, in a segment of the fold's own, and counts the old ones as dead from the root that the fold writes. Work is
/// paced by the data that the fold takes in, so that the blocks at the end of a volume get as much of it as those at the beginning.
/// </summary>
internal sealed class BlockMerger(
    SegmentCache segments, LineageSealer sealer, FoldAccounts accounts, Func<BlobEffect, CancellationToken, ValueTask> put, MergeOptions options)
    : IDisposable
{
    private const int TargetSegmentBytes = 8 << 20;
    private const int BlocksAtOnce = 64;

    private readonly byte[] _block = new byte[BlockGeometry.BlockBytes];
    private SegmentWriter? _writer;
    private SegmentIdentity? _identity;
    private long _newBytes;
    private long _spentBytes;
    private long _merges;
    private long _mergedBytes;
    private long _blocks;
    private long _frames;

    /// <summary>What was done so far.</summary>
    public MergeTally Tally => new(_merges, _mergedBytes, _blocks, _frames);

    /// <summary>True when the segment that is being written should be finished, and the leaves that name it written.</summary>
    public bool IsFull => _writer is { } writer
        && (writer.FrameBytes >= TargetSegmentBytes || writer.Entries.Count > SegmentFormat.MaxEntries - BlockGeometry.PageEntries);

    /// <summary>
    /// Merges in a leaf of the root at <paramref name="cut"/>, which took <paramref name="newBytes"/> of data in. True when the leaf names a
    /// segment that is not finished: <see cref="FinishAsync"/> and then <see cref="Resolve"/> it before it is written.
    /// </summary>
    public async Task<bool> MergeAsync(MapPage leaf, long cut, long newBytes, CancellationToken cancellationToken)
    {
        _newBytes += newBytes;
        var merges = leaf.Blocks.Select(block => BlockMerge.Plan(block.Key, block.Value, accounts, cut, options)).OfType<BlockMerge>().ToArray();
        if (merges.Length < options.MinBlocks) merges = [];
        var hasMerged = false;
        // The cheapest are chosen first; a segment's frames stand in the order of their blocks.
        foreach (var batch in merges.OrderBy(merge => merge.CostOfFrame).Where(IsAffordable).OrderBy(merge => merge.Slot).Chunk(BlocksAtOnce))
        {
            var frames = await FrameReads.ReadAsync(
                segments, batch.SelectMany(merge => merge.Frames).Select(fragments => fragments[0].Frame), options.ParallelReads, cancellationToken);
            foreach (var merge in batch.Where(merge => merge.Frames.All(fragments => Holds(frames, leaf, merge.Slot, fragments))))
            {
                Apply(merge, leaf, cut, frames);
                hasMerged = true;
            }
        }
        _blocks += leaf.Blocks.Count;
        _frames += leaf.Blocks.Values.Sum(block => (long)BlockMerge.FramesOf(block));
        return hasMerged;
    }

    /// <summary>Finishes and stores the segment that is being written; null when there is none.</summary>
    public async Task<SegmentReference?> FinishAsync(CancellationToken cancellationToken)
    {
        if (_writer is null) return null;
        using var finished = sealer.Finish(_writer, _identity!);
        _writer.Dispose();
        _writer = null;
        accounts.Bear(finished.Reference, finished.FrameBytes);
        await put(new BlobEffect(finished.BlobKey, finished.Content.ToArray()), cancellationToken);
        return finished.Reference;
    }

    /// <summary>Names the finished segment in a leaf by its length too.</summary>
    public static void Resolve(MapPage leaf, SegmentReference finished)
    {
        foreach (var (slot, fragments) in leaf.Blocks.ToArray())
            if (fragments.Any(fragment => fragment.Segment.LengthBytes == 0))
                leaf.Blocks[slot] = [.. fragments.Select(fragment => fragment.Segment.LengthBytes == 0 ? fragment with { Segment = finished } : fragment)];
    }

    public void Dispose() => _writer?.Dispose();

    private bool IsAffordable(BlockMerge merge)
    {
        if (_spentBytes + merge.Cost > options.FreeBytes + (options.Share * _newBytes)) return false;
        _spentBytes += merge.Cost;
        return true;
    }

    // As a reader would: what the map names must be what the index has there.
    private static bool Holds(
        IReadOnlyDictionary<FrameId, (SegmentEntry Entry, byte[] Plain)> frames, MapPage leaf, int slot, MapFragment[] fragments) =>
        frames.TryGetValue(fragments[0].Frame, out var frame)
        && frame.Entry.Block == MapGeometry.FirstBlock(0, leaf.Number) + slot
        && frame.Plain.Length == BitOperations.PopCount((uint)frame.Entry.Mask) * BlockGeometry.SectorBytes
        && Array.TrueForAll(fragments, fragment => frame.Entry.Tag == fragment.Tag && (fragment.Mask & ~frame.Entry.Mask) == 0);

    private void Apply(BlockMerge merge, MapPage leaf, long cut, IReadOnlyDictionary<FrameId, (SegmentEntry Entry, byte[] Plain)> frames)
    {
        var mask = merge.Mask;
        foreach (var fragments in merge.Frames)
        {
            var (entry, plain) = frames[fragments[0].Frame];
            for (var left = fragments.Aggregate(0, (held, fragment) => held | fragment.Mask); left != 0; left &= left - 1)
            {
                var below = (1 << BitOperations.TrailingZeroCount(left)) - 1;
                plain.AsSpan(BitOperations.PopCount((uint)(entry.Mask & below)) * BlockGeometry.SectorBytes, BlockGeometry.SectorBytes)
                    .CopyTo(_block.AsSpan(BitOperations.PopCount((uint)(mask & below)) * BlockGeometry.SectorBytes));
            }
            accounts.Kill(fragments[0], cut);
        }
        _identity = _writer is null ? sealer.NewIdentity(SegmentKind.Compact, cut) : _identity;
        _writer ??= sealer.CreateWriter(_identity!);
        var block = (uint)(MapGeometry.FirstBlock(0, leaf.Number) + merge.Slot);
        var index = _writer.AddFrame(block, mask, _block.AsSpan(0, BitOperations.PopCount((uint)mask) * BlockGeometry.SectorBytes));
        var sealedEntry = _writer.Entries[index];
        _merges++;
        _mergedBytes += sealedEntry.StoredBytes;
        var merged = new FragmentList(leaf.Blocks[merge.Slot].Except(merge.Frames.SelectMany(fragments => fragments)));
        // Who wrote which sector stays known, so that a merge is no change.
        foreach (var births in merge.Frames.SelectMany(fragments => fragments).GroupBy(fragment => fragment.Birth))
            merged.Add(new MapFragment(
                new SegmentReference(_identity!, 0), index, (ushort)births.Aggregate(0, (held, fragment) => held | fragment.Mask), births.Key,
                sealedEntry.StoredBytes, sealedEntry.Tag));
        leaf.Blocks[merge.Slot] = merged.ToCanonical();
    }
}
