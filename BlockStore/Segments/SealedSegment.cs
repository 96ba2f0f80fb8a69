namespace Tidegate.BlockStore.Segments;

/// <summary>
/// A finished segment, ready to be stored under its key. <see cref="Content"/> lives in a pooled buffer: it is valid until
/// <see cref="Dispose"/>, and a retry of the upload sends these very bytes.
/// </summary>
public sealed class SealedSegment : IDisposable
{
    private readonly int _length;
    private byte[]? _buffer;

    internal SealedSegment(SegmentHeader header, byte[] buffer, int length, int frameBytes, IReadOnlyList<SegmentEntry> entries)
    {
        Header = header;
        _buffer = buffer;
        _length = length;
        FrameBytes = frameBytes;
        Entries = entries;
    }

    /// <summary>What it says about itself.</summary>
    public SegmentHeader Header { get; }

    /// <summary>Its frames, in the order of their indexes.</summary>
    public IReadOnlyList<SegmentEntry> Entries { get; }

    /// <summary>Key to store it under.</summary>
    public string BlobKey => Header.Identity.BlobKey;

    /// <summary>Digest of its log records and of all before.</summary>
    public SegmentDigest Digest => Header.Digest;

    /// <summary>Size of the blob.</summary>
    public int LengthBytes => _length;

    /// <summary>Stored bytes of its frames: what the accounting counts.</summary>
    public int FrameBytes { get; }

    /// <summary>Identity and length.</summary>
    public SegmentReference Reference => new(Header.Identity, _length);

    /// <summary>The blob.</summary>
    public ReadOnlyMemory<byte> Content => (_buffer ?? throw new ObjectDisposedException(nameof(SealedSegment))).AsMemory(0, _length);

    /// <summary>Gives the buffer back; call when no upload of it is under way.</summary>
    public void Dispose()
    {
        if (_buffer is not null) SegmentBuffers.Shared.Return(_buffer);
        _buffer = null;
    }
}
