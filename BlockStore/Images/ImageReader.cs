using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Images;

/// <summary>
/// Reads a volume as an <see cref="ImageDescriptor"/> fixes it (I4, I13): the newest fragment of every sector, zero where there is none.
/// Bytes that do not authenticate, or are not the frame that the map names, throw <see cref="CorruptDataException"/> (I6); a buffer
/// is then undefined. Safe for parallel use.
/// </summary>
public sealed class ImageReader
{
    private readonly SegmentCache _segments;
    private readonly ImageReaderOptions _options;
    private readonly TailOverlay _overlay;
    private readonly MapReader _map;

    private ImageReader(ImageDescriptor image, SegmentCache segments, ImageReaderOptions options, TailOverlay overlay, MapReader map)
    {
        Image = image;
        _segments = segments;
        _options = options;
        _overlay = overlay;
        _map = map;
    }

    /// <summary>What is read.</summary>
    public ImageDescriptor Image { get; }

    /// <summary>Size of the image in bytes.</summary>
    public long SizeBytes => Image.SizeBytes;

    internal TailOverlay Overlay => _overlay;

    internal MapReader Map => _map;

    /// <summary>Opens an image: loads its tail's manifests and the index of every segment in it, at most 256.</summary>
    public static async Task<ImageReader> OpenAsync(
        ImageDescriptor image, SegmentCache segments, ImageReaderOptions? options = null, CancellationToken cancellationToken = default)
    {
        segments = segments.At(image.Relocations);
        options ??= new ImageReaderOptions();
        var map = new MapReader(segments, options.MaxPageBytes);
        // Whoever needs the page waits for this read, and hears what became of it, or begins another.
        if (options.ReadsRootAhead && image.Root is { } root) _ = map.GetAsync(root.Page, root.Level, 0, cancellationToken).ContinueWith(static read => read.Exception, TaskScheduler.Default);
        var tail = await TailManifest.LoadAsync(segments, image.Tail, cancellationToken);
        return new ImageReader(image, segments, options, await TailOverlay.LoadAsync(segments, tail, cancellationToken, options.ParallelOpens), map);
    }

    /// <summary>Reads <paramref name="buffer"/> from <paramref name="offset"/>; both on 4096-byte sectors and within the image.</summary>
    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (offset < 0
            || offset % BlockGeometry.SectorBytes != 0
            || buffer.Length % BlockGeometry.SectorBytes != 0
            || offset > SizeBytes - buffer.Length)
            throw new ArgumentOutOfRangeException(
                nameof(offset),
                $"{buffer.Length} bytes at {offset} do not lie on {BlockGeometry.SectorBytes}-byte sectors within {SizeBytes} bytes.");
        buffer.Span.Clear();
        if (buffer.Length == 0) return;
        var needed = new List<NeededFrame>();
        var last = (uint)((offset + buffer.Length - 1) / BlockGeometry.BlockBytes);
        for (var block = (uint)(offset / BlockGeometry.BlockBytes); block <= last; block++)
        {
            var wanted = WantedMask(block, offset, buffer.Length);
            foreach (var frame in (await ResolveAsync(block, cancellationToken)).Where(fragment => (fragment.Mask & wanted) != 0).GroupBy(fragment => fragment.Frame))
                needed.Add(new NeededFrame(block, (ushort)(frame.Aggregate(0, (mask, fragment) => mask | fragment.Mask) & wanted), frame.First()));
        }
        var runs = await PlanAsync(needed, cancellationToken);
        if (runs.Count == 1 || _options.ParallelReads == 1)
        {
            foreach (var run in runs) await ReadRunAsync(run, offset, buffer, cancellationToken);
            return;
        }
        await Parallel.ForEachAsync(
            runs,
            new ParallelOptions
            {
                MaxDegreeOfParallelism = _options.ParallelReads,
                CancellationToken = cancellationToken,
                TaskScheduler = _options.StaysOnScheduler ? TaskScheduler.Current : TaskScheduler.Default,
            },
            (run, token) => ReadRunAsync(run, offset, buffer, token));
    }

    /// <summary>
    /// The blocks from <paramref name="firstBlock"/> on that hold anything, in order, with the sectors they hold: what a restore has to
    /// fetch. Blocks not named read as zero.
    /// </summary>
    public async IAsyncEnumerable<ImageBlock> EnumerateBlocksAsync(
        uint firstBlock = 0, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var end = (uint)((SizeBytes + BlockGeometry.BlockBytes - 1) / BlockGeometry.BlockBytes);
        var inTail = _overlay.Blocks.SkipWhile(block => block < firstBlock).GetEnumerator();
        var hasTail = inTail.MoveNext();
        await foreach (var leaf in LeavesAsync(firstBlock, end, withHidden: false, cancellationToken))
        {
            foreach (var (slot, fragments) in leaf.Blocks)
            {
                var block = (uint)(MapGeometry.FirstBlock(0, leaf.Number) + slot);
                if (block < firstBlock || block >= end) continue;
                for (; hasTail && inTail.Current < block; hasTail = inTail.MoveNext())
                    if (inTail.Current < end && _overlay.Find(inTail.Current)!.Mask is var mask and not 0)
                        yield return new ImageBlock(inTail.Current, mask);
                if (hasTail && inTail.Current == block) hasTail = inTail.MoveNext();
                var held = (ushort)(fragments.Aggregate(0, (mask, fragment) => mask | fragment.Mask) & ~_overlay.HiddenMask(block));
                held |= _overlay.Find(block)?.Mask ?? 0;
                if (held != 0) yield return new ImageBlock(block, held);
            }
        }
        for (; hasTail; hasTail = inTail.MoveNext())
            if (inTail.Current < end && _overlay.Find(inTail.Current)!.Mask is var mask and not 0)
                yield return new ImageBlock(inTail.Current, mask);
        inTail.Dispose();
    }

    /// <summary>The live fragments of a block, newest wins, in the order of their lowest sector.</summary>
    internal async ValueTask<IReadOnlyList<MapFragment>> ResolveAsync(uint block, CancellationToken cancellationToken)
    {
        var resolved = new FragmentList();
        var leaf = await _map.FindLeafAsync(Image.Root, block, cancellationToken);
        if (leaf is not null && leaf.Blocks.TryGetValue(MapGeometry.SlotOf(0, block), out var fragments))
        {
            foreach (var fragment in fragments) resolved.Add(fragment);
            resolved.Cover(_overlay.HiddenMask(block), null);
        }
        if (_overlay.Find(block) is { } newer)
            foreach (var fragment in newer.Fragments) resolved.Add(fragment);
        return resolved.ToCanonical();
    }

    /// <summary>Blocks in [first, end) that the base map holds, whatever the tail says of them.</summary>
    internal async IAsyncEnumerable<uint> EnumerateMapBlocksAsync(
        uint firstBlock, long endBlock, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var leaf in LeavesAsync(firstBlock, endBlock, withHidden: true, cancellationToken))
        {
            foreach (var slot in leaf.Blocks.Keys)
            {
                var block = MapGeometry.FirstBlock(0, leaf.Number) + slot;
                if (block >= firstBlock && block < endBlock) yield return (uint)block;
            }
        }
    }

    /// <summary>Leaves with blocks in [first, end); those that one discard of the tail hides whole are left unread unless wanted.</summary>
    private async IAsyncEnumerable<MapPage> LeavesAsync(
        uint firstBlock, long endBlock, bool withHidden, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (Image.Root is null) yield break;
        var path = new Stack<(PageReference Page, int Level, long Number)>();
        path.Push((Image.Root.Page, Image.Root.Level, 0));
        while (path.TryPop(out var top))
        {
            if (!withHidden && _overlay.Hides(MapGeometry.FirstBlock(top.Level, top.Number), MapGeometry.FirstBlock(top.Level, top.Number + 1), SizeBytes)) continue;
            var page = await _map.GetAsync(top.Page, top.Level, top.Number, cancellationToken);
            if (top.Level == 0)
            {
                yield return page;
                continue;
            }
            foreach (var (slot, child) in page.Children.Reverse())
            {
                var number = (top.Number * BlockGeometry.PageEntries) + slot;
                if (MapGeometry.FirstBlock(top.Level - 1, number + 1) > firstBlock
                    && MapGeometry.FirstBlock(top.Level - 1, number) < endBlock)
                    path.Push((child, top.Level - 1, number));
            }
        }
    }

    private static ushort WantedMask(uint block, long offset, int length)
    {
        var start = (long)block * BlockGeometry.BlockBytes;
        var from = (int)((Math.Max(offset, start) - start) / BlockGeometry.SectorBytes);
        var to = (int)((Math.Min(offset + length, start + BlockGeometry.BlockBytes) - start) / BlockGeometry.SectorBytes);
        return (ushort)(((1 << to) - 1) & ~((1 << from) - 1));
    }

    /// <summary>Opens the segments of the frames, checks each frame against the map, and joins neighbours into one read.</summary>
    private async Task<List<ReadRun>> PlanAsync(List<NeededFrame> needed, CancellationToken cancellationToken)
    {
        var runs = new List<ReadRun>();
        foreach (var group in needed.GroupBy(frame => frame.Fragment.Segment))
        {
            var reader = await _segments.OpenAsync(group.Key, cancellationToken);
            foreach (var frame in group.OrderBy(frame => frame.Fragment.Index))
            {
                var entry = CheckedEntry(reader, frame);
                var run = runs.Count > 0 ? runs[^1] : null;
                if (run is null
                    || run.Reader != reader
                    || entry.Offset - run.End > _options.MaxGapBytes
                    || entry.Offset + entry.StoredBytes - run.Start > _options.MaxReadBytes)
                {
                    run = new ReadRun(reader, entry.Offset);
                    runs.Add(run);
                }
                run.Frames.Add(frame);
                run.End = entry.Offset + entry.StoredBytes;
            }
        }
        return runs;
    }

    private static SegmentEntry CheckedEntry(SegmentReader reader, NeededFrame frame)
    {
        var fragment = frame.Fragment;
        var entry = reader.FrameAt(fragment.Index);
        return entry.Block == frame.Block && ((fragment.Mask | frame.Mask) & ~entry.Mask) == 0 && entry.Tag == fragment.Tag
            ? entry
            : throw new CorruptDataException(
                $"Segment {reader.Reference.Identity.BlobKey}",
                $"its frame {fragment.Index} is not the one that the map names for block {frame.Block}");
    }

    private async ValueTask ReadRunAsync(ReadRun run, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        // A restore reads hundreds of MiB a second through here: fresh buffers of this size would be collected as fast.
        var rented = ArrayPool<byte>.Shared.Rent(run.End - run.Start);
        var plain = ArrayPool<byte>.Shared.Rent(BlockGeometry.BlockBytes);
        try
        {
            var stored = rented.AsMemory(0, run.End - run.Start);
            await SegmentReader.ReadExactAsync(_segments.Source, run.Reader.Blob, run.Start, stored, cancellationToken);
            using var opener = run.Reader.CreateOpener();
            foreach (var frame in run.Frames)
            {
                var entry = run.Reader.FrameAt(frame.Fragment.Index);
                opener.Open(
                    frame.Fragment.Index, stored.Span.Slice(entry.Offset - run.Start, entry.StoredBytes),
                    plain.AsSpan(0, entry.PlainBytes));
                CopySectors(frame, entry.Mask, plain, offset, buffer.Span);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(plain);
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static void CopySectors(NeededFrame frame, ushort held, ReadOnlySpan<byte> plain, long offset, Span<byte> buffer)
    {
        for (var left = (int)frame.Mask; left != 0; left &= left - 1)
        {
            var sector = BitOperations.TrailingZeroCount(left);
            var at = BitOperations.PopCount((uint)(held & ((1 << sector) - 1)));
            var target = ((long)frame.Block * BlockGeometry.BlockBytes) + (sector * BlockGeometry.SectorBytes) - offset;
            plain.Slice(at * BlockGeometry.SectorBytes, BlockGeometry.SectorBytes).CopyTo(buffer[(int)target..]);
        }
    }

    private readonly record struct NeededFrame(uint Block, ushort Mask, MapFragment Fragment);

    private sealed class ReadRun(SegmentReader reader, int start)
    {
        public SegmentReader Reader { get; } = reader;
        public int Start { get; } = start;
        public int End { get; set; } = start;
        public List<NeededFrame> Frames { get; } = [];
    }
}
