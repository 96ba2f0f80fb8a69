using System.Collections.Concurrent;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Folding;

/// <summary>Reads and opens frames of many segments, neighbours in one request.</summary>
internal static class FrameReads
{
    private const int MaxGapBytes = 64 << 10;
    private const int MaxReadBytes = 4 << 20;

    /// <summary>
    /// The frames that can be read, each once. A segment that is damaged or gone is left out: whoever needs its frames does without them, and a
    /// scrub says what is wrong.
    /// </summary>
    public static async Task<IReadOnlyDictionary<FrameId, (SegmentEntry Entry, byte[] Plain)>> ReadAsync(
        SegmentCache segments, IEnumerable<FrameId> frames, int parallelReads, CancellationToken cancellationToken)
    {
        var read = new ConcurrentDictionary<FrameId, (SegmentEntry, byte[])>();
        var groups = frames.GroupBy(frame => frame.Segment).ToArray();
        if (parallelReads == 1 || groups.Length == 1)
        {
            foreach (var group in groups) await TryReadAsync(segments, group.Key, [.. group], read, cancellationToken);
            return read;
        }
        await Parallel.ForEachAsync(
            groups,
            new ParallelOptions { MaxDegreeOfParallelism = parallelReads, CancellationToken = cancellationToken },
            async (group, token) => await TryReadAsync(segments, group.Key, [.. group], read, token));
        return read;
    }

    private static async ValueTask TryReadAsync(
        SegmentCache segments, SegmentReference segment, FrameId[] frames, ConcurrentDictionary<FrameId, (SegmentEntry, byte[])> read,
        CancellationToken cancellationToken)
    {
        try
        {
            await ReadAsync(segments, segment, frames, read, cancellationToken);
        }
        catch (Exception damage) when (damage is CorruptDataException or BlobNotFoundException or MissingKeyException)
        {
        }
    }

    private static async Task ReadAsync(
        SegmentCache segments, SegmentReference segment, FrameId[] frames, ConcurrentDictionary<FrameId, (SegmentEntry, byte[])> read,
        CancellationToken cancellationToken)
    {
        var reader = await segments.OpenAsync(segment, cancellationToken);
        using var opener = reader.CreateOpener();
        var entries = frames.Select(frame => (Frame: frame, Entry: reader.FrameAt(frame.Index))).OrderBy(frame => frame.Entry.Offset).ToArray();
        for (var first = 0; first < entries.Length;)
        {
            var start = entries[first].Entry.Offset;
            var end = start;
            var last = first;
            for (; last < entries.Length; last++)
            {
                var entry = entries[last].Entry;
                if (last > first && (entry.Offset - end > MaxGapBytes || entry.Offset + entry.StoredBytes - start > MaxReadBytes)) break;
                end = entry.Offset + entry.StoredBytes;
            }
            var run = await SegmentReader.ReadExactAsync(segments.Source, reader.Blob, start, end - start, cancellationToken);
            for (; first < last; first++)
            {
                var (frame, entry) = entries[first];
                var plain = new byte[entry.PlainBytes];
                opener.Open(frame.Index, run.Span.Slice(entry.Offset - start, entry.StoredBytes), plain);
                read[frame] = (entry, plain);
            }
        }
    }
}
