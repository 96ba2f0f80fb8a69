using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Keys;

namespace Tidegate.BlockStore.Segments;

/// <summary>Opened segments, bounded by the memory of their indexes: every reader of one source shares one.</summary>
public sealed class SegmentCache
{
    /// <summary>Default bound: 64 MiB of indexes.</summary>
    public const long DefaultMaxBytes = 64L << 20;

    private const int BytesPerEntry = 48;
    private readonly WeightedCache<SegmentReference, SegmentReader> _readers;
    private readonly IKeyring _keyring;

    /// <summary>Opens segments of a source with the keys of a ring.</summary>
    public SegmentCache(IBlobSource source, IKeyring keyring, long maxBytes = DefaultMaxBytes)
    {
        Source = source;
        _keyring = keyring;
        _readers = new WeightedCache<SegmentReference, SegmentReader>(
            maxBytes, reader => 1024 + ((long)BytesPerEntry * (reader.Index.Entries.Count + reader.Index.Ranges.Count)));
    }

    /// <summary>Where blobs come from.</summary>
    public IBlobSource Source { get; }

    /// <summary>The segment, opened and verified; see <see cref="SegmentReader.OpenAsync"/> for what it throws.</summary>
    public Task<SegmentReader> OpenAsync(SegmentReference reference, CancellationToken cancellationToken) =>
        _readers.GetAsync(
            reference, key => SegmentReader.OpenAsync(Source, key, _keyring, CancellationToken.None).AsTask(), cancellationToken);

    /// <summary>Reads one frame that is not block data: a page or a manifest.</summary>
    internal async Task<byte[]> ReadPageAsync(SegmentReference segment, int index, CancellationToken cancellationToken)
    {
        var reader = await OpenAsync(segment, cancellationToken);
        if (index >= reader.Index.Entries.Count)
            throw new Formats.CorruptDataException(
                $"Segment {segment.Identity.BlobKey}", $"it has {reader.Index.Entries.Count} frames, and frame {index} was referred to");
        var plain = new byte[reader.Index.Entries[index].PlainBytes];
        await reader.ReadFrameAsync(Source, index, plain, cancellationToken);
        return plain;
    }
}
