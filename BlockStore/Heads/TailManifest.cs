using System.Collections.Immutable;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Heads;

/// <summary>
/// Immutable blobs that hold tail entries which no longer fit the head; each names the one before (<c>docs/formats/head.md</c>,
/// Tail manifest).
/// </summary>
public static class TailManifest
{
    private static ReadOnlySpan<byte> Magic => "TIDETAL1"u8;

    /// <summary>
    /// All segments of a tail, oldest first. Throws <see cref="CorruptDataException"/> when the chain does not hold what the tail
    /// says.
    /// </summary>
    public static async Task<IReadOnlyList<TailEntry>> LoadAsync(SegmentCache segments, Tail tail, CancellationToken cancellationToken)
    {
        var batches = new Stack<ImmutableArray<TailEntry>>();
        batches.Push(tail.Inline);
        var manifest = tail.Manifest;
        var expected = tail.ManifestCount;
        while (manifest is not null)
        {
            var what = $"Tail manifest {manifest.Identity.BlobKey}";
            var (previous, previousCount, entries) = Decode(await segments.ReadPageAsync(manifest, 0, cancellationToken), what);
            if (entries.Length + previousCount != expected)
                throw new CorruptDataException(what, $"it and those before hold {entries.Length + previousCount} entries, not {expected}");
            batches.Push(entries);
            (manifest, expected) = (previous, previousCount);
        }
        return [.. batches.SelectMany(batch => batch)];
    }

    /// <summary>A tail of the given entries: inline when they fit, else in one manifest, which is to be stored.</summary>
    internal static (Tail Tail, IReadOnlyList<BlobEffect> Blobs) Pack(
        ImmutableArray<TailEntry> entries, LineageSealer sealer, long sequence, int maxInline = Tail.MaxInline)
    {
        if (entries.Length <= maxInline) return (new Tail(null, 0, entries), []);
        var (tail, blob) = Write(null, 0, entries.AsSpan(), sealer, sequence);
        return (tail, [blob]);
    }

    /// <summary>The manifests of a chain, newest first.</summary>
    internal static async Task<IReadOnlyList<SegmentReference>> LoadChainAsync(
        SegmentCache segments, SegmentReference? newest, CancellationToken cancellationToken)
    {
        var chain = new List<SegmentReference>();
        for (var manifest = newest; manifest is not null;)
        {
            chain.Add(manifest);
            var page = await segments.ReadPageAsync(manifest, 0, cancellationToken);
            manifest = Decode(page, $"Tail manifest {manifest.Identity.BlobKey}").Previous;
        }
        return chain;
    }

    /// <summary>Moves entries behind a tail's manifests into a new one.</summary>
    internal static (Tail Tail, BlobEffect Blob) Write(
        SegmentReference? previous, int previousCount, ReadOnlySpan<TailEntry> entries, LineageSealer sealer, long sequence)
    {
        var owners = new OwnerTable();
        var body = new FormatWriter();
        SegmentReference.WriteOptional(body, owners, previous);
        body.U32(previousCount);
        body.U32(entries.Length);
        foreach (var entry in entries) entry.Write(body, owners);
        var writer = new FormatWriter();
        writer.Bytes(Magic);
        owners.Write(writer);
        writer.Bytes(body.Written);
        var (reference, blob) = sealer.SealOne(SegmentKind.Tail, sequence, writer.Written);
        return (new Tail(reference, previousCount + entries.Length, []), blob);
    }

    internal static (SegmentReference? Previous, int PreviousCount, ImmutableArray<TailEntry> Entries) Decode(ReadOnlySpan<byte> bytes, string what)
    {
        var reader = new FormatReader(bytes, what);
        reader.Expect(Magic, "tail manifest magic");
        var owners = OwnerTable.Read(ref reader);
        var previous = SegmentReference.ReadOptional(ref reader, owners, SegmentKind.Tail);
        var previousCount = reader.I32("count of entries before", 0, Tail.MaxSegments);
        if (previous is null != (previousCount == 0))
            throw reader.Corrupt($"{previousCount} entries before do not fit {(previous is null ? "no" : "a")} manifest before");
        var count = reader.Count("entry count", Tail.MaxSegments, TailEntry.EncodedBytes);
        if (count == 0) throw reader.Corrupt("it holds no entries");
        var entries = ImmutableArray.CreateBuilder<TailEntry>(count);
        for (var i = 0; i < count; i++) entries.Add(TailEntry.Read(ref reader, owners));
        reader.End();
        return (previous, previousCount, entries.MoveToImmutable());
    }
}
