using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Relocation;

namespace Tidegate.BlockStore.Segments;

/// <summary>
/// Opened segments, bounded by the memory of their indexes: every reader of one source shares one. Knows where frames were moved
/// to (<see cref="At"/>), so that its users name segments as the map does and never see the difference.
/// </summary>
public sealed class SegmentCache
{
    /// <summary>Default bound: 64 MiB of indexes.</summary>
    public const long DefaultMaxBytes = 64L << 20;

    private const int BytesPerEntry = 48;
    private readonly Opened _opened;
    private readonly IKeyring _keyring;
    private readonly IReadOnlyDictionary<LineageId, PageRoot> _tables;
    private readonly int _aheadBytes;

    /// <summary>
    /// Opens segments of a source with the keys of a ring. Above 0, <paramref name="aheadBytes"/> are read with the index of a segment of pages and kept,
    /// where each read is a round trip to somewhere far away.
    /// </summary>
    public SegmentCache(IBlobSource source, IKeyring keyring, long maxBytes = DefaultMaxBytes, int aheadBytes = 0)
    {
        _aheadBytes = aheadBytes;
        Source = source;
        _keyring = keyring;
        _tables = new Dictionary<LineageId, PageRoot>();
        _opened = new Opened(maxBytes);
    }

    private SegmentCache(SegmentCache other, IReadOnlyDictionary<LineageId, PageRoot> tables)
    {
        Source = other.Source;
        _keyring = other._keyring;
        _opened = other._opened;
        _aheadBytes = other._aheadBytes;
        _tables = tables;
    }

    /// <summary>Where blobs come from.</summary>
    public IBlobSource Source { get; }

    /// <summary>
    /// The same cache, that finds moved frames through these tables as well: a table given here stands before one of the same lineage that
    /// was given earlier. What is open is shared and bounded together.
    /// </summary>
    public SegmentCache At(IReadOnlyList<RelocationRoot> relocations)
    {
        if (relocations.All(relocation => _tables.GetValueOrDefault(relocation.Lineage) == relocation.Root)) return this;
        var tables = new Dictionary<LineageId, PageRoot>(_tables);
        foreach (var relocation in relocations) tables[relocation.Lineage] = relocation.Root;
        return new SegmentCache(this, tables);
    }

    /// <summary>The segment, opened and verified; see <see cref="SegmentReader.OpenAsync"/> for what it throws.</summary>
    public async Task<SegmentReader> OpenAsync(SegmentReference reference, CancellationToken cancellationToken)
    {
        if (await LocateAsync(reference.Identity, cancellationToken) is not { } blob)
            return await _opened.Readers.GetAsync(reference, OpenAsync, cancellationToken);
        return SegmentReader.OpenMoved(reference, await OpenContainerAsync(blob, cancellationToken), _keyring);
    }

    /// <summary>The container that a segment's frames were moved to, or null when they are in a blob of their own.</summary>
    internal async ValueTask<SegmentReference?> LocateAsync(SegmentIdentity segment, CancellationToken cancellationToken)
    {
        if (!RelocationTable.IsMovable(segment.Kind) || !_tables.TryGetValue(segment.Owner, out var root)) return null;
        return (await RelocationTable.FindAsync(root, segment, LoadTablePageAsync, cancellationToken))?.Container;
    }

    /// <summary>A container of moved frames, opened and verified.</summary>
    internal Task<MovedContainer> OpenContainerAsync(SegmentReference container, CancellationToken cancellationToken) =>
        _opened.Containers.GetAsync(
            container, key => MovedContainer.OpenAsync(Source, key, _keyring, CancellationToken.None), cancellationToken);

    /// <summary>Reads one frame that is not block data: a page or a manifest.</summary>
    internal async Task<byte[]> ReadPageAsync(SegmentReference segment, int index, CancellationToken cancellationToken)
    {
        var reader = await OpenAsync(segment, cancellationToken);
        var plain = new byte[reader.FrameAt(index).PlainBytes];
        await reader.ReadFrameAsync(Source, index, plain, cancellationToken);
        return plain;
    }

    private Task<Catalogues.CataloguePage> LoadTablePageAsync(PageReference page, int level, CancellationToken cancellationToken) =>
        _opened.TablePages.GetAsync(
            (page, level), key => Catalogues.CatalogueTree.LoadPageAsync(this, key.Page, key.Level, CancellationToken.None), cancellationToken);

    private Task<SegmentReader> OpenAsync(SegmentReference reference) =>
        SegmentReader.OpenAsync(Source, reference, _keyring, CancellationToken.None, _aheadBytes).AsTask();

    /// <summary>What is open, in three parts of one bound.</summary>
    private sealed class Opened(long maxBytes)
    {
        public WeightedCache<SegmentReference, SegmentReader> Readers { get; } = new(
            maxBytes / 2, reader => 1024 + reader.KeptBytes + ((long)BytesPerEntry * (reader.Index.Entries.Count + reader.Index.Ranges.Count)));

        public WeightedCache<SegmentReference, MovedContainer> Containers { get; } = new(
            maxBytes * 3 / 8, container => 1024 + (BytesPerEntry * (long)container.FrameCount) + (224L * container.SourceCount));

        public WeightedCache<(PageReference Page, int Level), Catalogues.CataloguePage> TablePages { get; } = new(
            maxBytes / 8, page => 1024 + (3L * page.Bytes));
    }
}
