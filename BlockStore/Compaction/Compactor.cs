using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Compaction;

/// <summary>
/// Makes a volume's blobs smaller (<c>docs/formats/relocation.md</c>, Compaction): copies what is still needed of the emptiest ones into
/// containers, as it is, and records where it went. Heavy work: run it in a worker, and hand the result to
/// <see cref="PreparedChange.OfCompactionAsync"/>. A job that is never published leaves orphans and harms nothing.
/// Holds: whatever the head or a retained cut reaches when the job begins is in the new table's reach (I5); what they reach later is that
/// or newer than the job, because unreachability is monotone.
/// </summary>
public sealed class Compactor
{
    private const long PageCacheBytes = 16L << 20;
    private const int MaxGapBytes = 64 << 10;
    private const int MaxReadBytes = 4 << 20;

    private readonly SegmentCache _segments;
    private readonly LineageSealer _sealer;
    private readonly Func<BlobEffect, CancellationToken, ValueTask> _put;
    private readonly CompactionOptions _options;

    /// <summary>
    /// A compactor that reads through a cache, which knows the relocation tables of the origins, seals for one lineage, and stores containers
    /// as they fill.
    /// </summary>
    public Compactor(
        SegmentCache segments, LineageSealer sealer, Func<BlobEffect, CancellationToken, ValueTask> put, CompactionOptions? options = null)
    {
        _segments = segments;
        _sealer = sealer;
        _put = put;
        _options = (options ?? new CompactionOptions()).Validated();
    }

    /// <summary>
    /// One job on a head; null when the volume is compact enough. Call again while it gives results. Throws <see cref="CorruptDataException"/> when accounts and maps disagree in a way that could lose data.
    /// </summary>
    public async Task<CompactionResult?> CompactAsync(VolumeHead head, CancellationToken cancellationToken = default)
    {
        if (_sealer.Owner != head.Lineage)
            throw new ArgumentException($"The sealer is for {_sealer.Owner}, the head for {head.Lineage}.", nameof(head));
        // What is staged is counted, and reached by no root that is walked here.
        if (head.Staging is not null) return null;
        var segments = _segments.At(head.Relocations);
        var catalogue = new CatalogueEdit(head, segments);
        var table = new RelocationTable(head.Lineage, head.Relocation, segments);
        var census = await SpaceCensus.TakeAsync(catalogue, table, cancellationToken);
        var victims = CompactionPlan.Choose(census, _options);
        if (victims.Count == 0) return null;

        var sources = victims.SelectMany(victim => victim.Sources).ToArray();
        var marks = new FrameMarks(head.Lineage, new MapReader(segments, PageCacheBytes), sources.Select(source => source.Identity));
        if (sources.Length > 0) await MarkAsync(head, catalogue, marks, cancellationToken);

        long stored = 0;
        using var writer = new MovedWriter(_sealer, head.Version, _options.ContainerBytes);
        foreach (var source in sources)
        {
            await CopyAsync(segments, census, marks, source, writer, cancellationToken);
            stored += await TakeFinishedAsync(writer, table, cancellationToken);
        }
        writer.Finish();
        stored += await TakeFinishedAsync(writer, table, cancellationToken);
        foreach (var forgotten in victims.SelectMany(victim => victim.Forgotten)) await table.RemoveAsync(forgotten, cancellationToken);

        var (root, blobs, born, replaced) = table.Seal(_sealer, head.Version);
        foreach (var blob in blobs)
        {
            await _put(blob, cancellationToken);
            stored += blob.Content.Length;
        }
        return new CompactionResult
        {
            Lineage = head.Lineage,
            Incarnation = head.Incarnation,
            FromVersion = head.Version,
            FromTable = head.Relocation,
            Table = root,
            Condemned = [.. victims.Select(victim => victim.Blob)],
            Born = [.. born.Select(page => new SegmentLife(page.Segment, page.FrameBytes, page.FrameBytes))],
            Lost = replaced.GroupBy(page => page.Segment.Identity).ToDictionary(group => group.Key, group => group.Sum(page => (long)page.StoredBytes)),
            StoredBytes = stored,
            CondemnedBytes = victims.Sum(victim => (long)victim.Blob.LengthBytes),
        };
    }

    /// <summary>
    /// Marks from the head, from every retained cut, pin and lease, from every base of the recovery window, and from subtrees whose deaths are
    /// not counted yet. Roots share most of their pages, and each page is walked once.
    /// </summary>
    private static async Task MarkAsync(VolumeHead head, CatalogueEdit catalogue, FrameMarks marks, CancellationToken cancellationToken)
    {
        var roots = new List<(PageReference Page, int Level, long Number)>();
        if (head.Root is not null) roots.Add((head.Root.Page, head.Root.Level, 0));
        await foreach (var cut in catalogue.ListSnapshotsAsync(cancellationToken))
            if (cut.Image.Root is { } root) roots.Add((root.Page, root.Level, 0));
        await foreach (var pin in catalogue.ListPinsAsync(cancellationToken))
            if (pin.Image.Root is { } root) roots.Add((root.Page, root.Level, 0));
        await foreach (var lease in catalogue.ListLeasesAsync(cancellationToken))
            if (lease.Image.Root is { } root) roots.Add((root.Page, root.Level, 0));
        await foreach (var known in catalogue.ListBasesAsync(cancellationToken))
            if (known.Root is { } root) roots.Add((root.Page, root.Level, 0));
        await foreach (var subtree in catalogue.ListSubtreesAsync(cancellationToken)) roots.Add((subtree.Page, subtree.Level, subtree.Number));
        foreach (var (page, level, number) in roots) await marks.WalkAsync(page, level, number, cancellationToken);
    }

    private static async Task CopyAsync(
        SegmentCache segments, SpaceCensus census, FrameMarks marks, SegmentReference source, MovedWriter writer,
        CancellationToken cancellationToken)
    {
        var reader = await segments.OpenAsync(source, cancellationToken);
        var frames = marks.Of(source.Identity).Select(index => (Index: index, Entry: reader.FrameAt(index))).ToArray();
        var bytes = frames.Sum(frame => (long)frame.Entry.StoredBytes);
        if (bytes > census.HeldBytesOf(source.Identity))
            throw new CorruptDataException(
                "The catalogue",
                $"it counts {census.HeldBytesOf(source.Identity)} bytes of segment {source.Identity.BlobKey} as reachable, and {bytes} are");
        writer.Begin(source.Identity, frames);
        for (var first = 0; first < frames.Length;)
        {
            var start = frames[first].Entry.Offset;
            var end = start;
            var last = first;
            for (; last < frames.Length; last++)
            {
                var entry = frames[last].Entry;
                if (last > first && (entry.Offset - end > MaxGapBytes || entry.Offset + entry.StoredBytes - start > MaxReadBytes)) break;
                end = entry.Offset + entry.StoredBytes;
            }
            var run = await SegmentReader.ReadExactAsync(segments.Source, reader.Blob, start, end - start, cancellationToken);
            for (; first < last; first++)
            {
                var (index, entry) = frames[first];
                var ciphertext = run.Slice(entry.Offset - start, entry.StoredBytes);
                reader.CheckFrame(index, ciphertext.Span);
                writer.Add(entry, ciphertext.Span);
            }
        }
    }

    private async Task<long> TakeFinishedAsync(MovedWriter writer, RelocationTable table, CancellationToken cancellationToken)
    {
        long stored = 0;
        while (writer.TryTake(out var finished))
        {
            await _put(finished.Blob, cancellationToken);
            stored += finished.Blob.Content.Length;
            foreach (var moved in finished.Moved) await table.SetAsync(moved, cancellationToken);
        }
        return stored;
    }
}
