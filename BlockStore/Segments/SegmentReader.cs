using System.Buffers.Binary;
using System.Security.Cryptography;
using K4os.Compression.LZ4;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Relocation;
using ZstdSharp;

namespace Tidegate.BlockStore.Segments;

/// <summary>
/// Reads one segment: opens its index with one or two ranged reads, then its frames. Bad bytes throw
/// <see cref="CorruptDataException"/>, whatever is wrong with them; nothing undecoded ever leaves (I6). Safe for parallel use.
/// </summary>
public sealed class SegmentReader
{
    /// <summary>First guess at the size of an index: holds that of a segment of whole blocks.</summary>
    private const int FirstReadBytes = 16 << 10;

    private readonly DataKey _key;
    private readonly SegmentIndex? _index;
    private readonly MovedFrames? _moved;
    private ReadOnlyMemory<byte> _kept;
    private int _indexBytes;

    private SegmentReader(SegmentReference reference, SegmentIndex index, DataKey key)
    {
        Reference = reference;
        _index = index;
        _key = key;
    }

    private SegmentReader(SegmentReference reference, MovedFrames moved, DataKey key)
    {
        Reference = reference;
        _moved = moved;
        _key = key;
    }

    /// <summary>Which segment: what its frames are called, and what their keys come from, wherever they are stored.</summary>
    public SegmentReference Reference { get; }

    /// <summary>
    /// Its verified index. Throws <see cref="CorruptDataException"/> for a segment whose frames were moved: only frames that something
    /// reaches are kept then, and nothing may need the whole (<c>docs/formats/relocation.md</c>).
    /// </summary>
    public SegmentIndex Index => _index
        ?? throw new CorruptDataException(Name, "its index is gone, and somebody needs the whole segment as if it were still in a tail");

    /// <summary>The blob that its frames are in.</summary>
    internal SegmentReference Blob => _moved?.Container ?? Reference;

    private string Name => _moved is null
        ? $"Segment {Reference.Identity.BlobKey}"
        : $"Segment {Reference.Identity.BlobKey}, moved to {_moved.Container.Identity.BlobKey},";

    /// <summary>Ciphertext at its end that was read with the index and is kept, for frames that are read one by one.</summary>
    internal int KeptBytes => _kept.Length;

    /// <summary>Opens a stored segment. Throws <see cref="MissingKeyException"/> when the ring lacks its key.</summary>
    /// <param name="source">Where its blob is.</param>
    /// <param name="reference">The segment.</param>
    /// <param name="keyring">Where its key is.</param>
    /// <param name="cancellationToken">Ends the reads.</param>
    /// <param name="aheadBytes">
    /// Above 0, what is read with the index of a segment of pages or manifests, and kept: their newest frames lie there, and each spares a round trip.
    /// </param>
    public static async ValueTask<SegmentReader> OpenAsync(
        IBlobSource source, SegmentReference reference, IKeyring keyring, CancellationToken cancellationToken, int aheadBytes = 0)
    {
        var key = KeyOf(reference, keyring);
        var length = reference.LengthBytes;
        var keeps = aheadBytes > 0 && reference.Identity.Kind is SegmentKind.Map or SegmentKind.Tail;
        var read = Math.Min(length, keeps ? Math.Max(aheadBytes, FirstReadBytes) : FirstReadBytes);
        var tail = await ReadExactAsync(source, reference, length - read, read, cancellationToken);
        var needed = SegmentIndex.TailBytes(tail.Span[^SegmentFormat.TrailerBytes..], reference);
        if (needed > read) tail = await ReadExactAsync(source, reference, length - needed, needed, cancellationToken);
        var reader = Open(reference, tail.Span[^needed..], key);
        if (keeps && needed < read) (reader._kept, reader._indexBytes) = (tail[..^needed], needed);
        return reader;
    }

    /// <summary>Opens a segment whose frames were moved into a container.</summary>
    internal static SegmentReader OpenMoved(SegmentReference reference, MovedContainer container, IKeyring keyring) =>
        new(reference, container.Find(reference.Identity), KeyOf(reference, keyring));

    /// <summary>One frame, wherever it is stored. Throws <see cref="CorruptDataException"/> when the segment has none of that index.</summary>
    internal SegmentEntry FrameAt(int index)
    {
        if (FindFrame(index) is { } entry) return entry;
        throw new CorruptDataException(
            Name, _moved is null
                ? $"it has {Index.Entries.Count} frames, and frame {index} was referred to"
                : $"frame {index} was referred to and is not among the frames that were kept");
    }

    /// <summary>One frame, wherever it is stored, or null when the segment has none of that index.</summary>
    internal SegmentEntry? FindFrame(int index) =>
        _moved is not null ? _moved.Find(index) : index < Index.Entries.Count ? Index.Entries[index] : null;

    /// <summary>Opens a segment whose whole blob is at hand, leading header included.</summary>
    public static SegmentReader Open(ReadOnlyMemory<byte> blob, SegmentReference reference, IKeyring keyring)
    {
        var key = KeyOf(reference, keyring);
        if (blob.Length != reference.LengthBytes || blob.Length < SegmentFormat.MinSegmentBytes)
            throw new CorruptDataException(
                $"Segment {reference.Identity.BlobKey}", $"the blob has {blob.Length} bytes, not {reference.LengthBytes}");
        var needed = SegmentIndex.TailBytes(blob.Span[^SegmentFormat.TrailerBytes..], reference);
        var reader = Open(reference, blob.Span[^needed..], key);
        reader.CheckLeadingHeader(blob.Span[..SegmentFormat.HeaderBytes]);
        return reader;
    }

    /// <summary>
    /// Reads and opens one frame into <paramref name="plain"/>, which has exactly the entry's <see
    /// cref="SegmentEntry.PlainBytes"/>.
    /// </summary>
    public async ValueTask ReadFrameAsync(IBlobSource source, int index, Memory<byte> plain, CancellationToken cancellationToken)
    {
        var entry = FrameAt(index);
        var stored = Kept(entry) ?? await ReadExactAsync(source, Blob, entry.Offset, entry.StoredBytes, cancellationToken);
        OpenFrame(index, stored.Span, plain.Span);
    }

    /// <summary>Opens one frame from its ciphertext.</summary>
    public void OpenFrame(int index, ReadOnlySpan<byte> stored, Span<byte> plain)
    {
        using var opener = new FrameOpener(this);
        opener.Open(index, stored, plain);
    }

    /// <summary>Compares the header in clear at the start of the blob with the authentic one in the index.</summary>
    internal void CheckLeadingHeader(ReadOnlySpan<byte> clear)
    {
        Span<byte> header = stackalloc byte[SegmentFormat.HeaderBytes];
        SegmentFormat.WriteHeader(Index.Header, header);
        if (!clear.SequenceEqual(header))
            throw new CorruptDataException($"Segment {Reference.Identity.BlobKey}", "its leading header differs from the one in its index");
    }

    /// <summary>Throws <see cref="CorruptDataException"/> unless the ciphertext is that frame's, to the last bit.</summary>
    internal void CheckFrame(int index, ReadOnlySpan<byte> stored)
    {
        var plain = System.Buffers.ArrayPool<byte>.Shared.Rent(FrameAt(index).PlainBytes);
        try
        {
            OpenFrame(index, stored, plain.AsSpan(0, FrameAt(index).PlainBytes));
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(plain);
        }
    }

    /// <summary>Opens many frames with one key schedule; for one thread.</summary>
    internal FrameOpener CreateOpener() => new(this);

    internal static async ValueTask<ReadOnlyMemory<byte>> ReadExactAsync(
        IBlobSource source, SegmentReference reference, long offset, int length, CancellationToken cancellationToken)
    {
        var bytes = await source.ReadAsync(reference.Identity.BlobKey, offset, length, cancellationToken);
        return bytes.Length == length ? bytes : throw Short(reference, offset, length, bytes.Length);
    }

    /// <summary>The same into a buffer of the caller's.</summary>
    internal static async ValueTask ReadExactAsync(
        IBlobSource source, SegmentReference reference, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var read = await source.ReadAsync(reference.Identity.BlobKey, offset, buffer, cancellationToken);
        if (read != buffer.Length) throw Short(reference, offset, buffer.Length, read);
    }

    private static CorruptDataException Short(SegmentReference reference, long offset, int wanted, int read) => new(
        $"Segment {reference.Identity.BlobKey}", $"the store gave {read} of {wanted} bytes at {offset}; the blob should have {reference.LengthBytes}");

    // What is kept ends where the index begins.
    private ReadOnlyMemory<byte>? Kept(SegmentEntry entry)
    {
        var from = entry.Offset - (Reference.LengthBytes - _indexBytes - _kept.Length);
        // Not as one expression: a null of it would be an array's, which is an empty memory.
        if (_kept.IsEmpty || from < 0 || from + entry.StoredBytes > _kept.Length) return null;
        return _kept.Slice(from, entry.StoredBytes);
    }

    private static SegmentReader Open(SegmentReference reference, ReadOnlySpan<byte> tail, DataKey key)
    {
        using var cipher = SegmentFormat.CreateCipher(key, reference.Identity);
        return new SegmentReader(reference, SegmentIndex.Parse(tail, reference, cipher), key);
    }

    private static DataKey KeyOf(SegmentReference reference, IKeyring keyring) =>
        keyring.Find(reference.Identity.Owner, reference.Identity.Generation)
        ?? throw new MissingKeyException(reference.Identity.Owner, reference.Identity.Generation);

    /// <summary>Decrypts and decompresses frames of one segment; holds the cipher, which must not be shared between threads.</summary>
    internal sealed class FrameOpener(SegmentReader reader) : IDisposable
    {
        private readonly AesGcm _cipher = SegmentFormat.CreateCipher(reader._key, reader.Reference.Identity);
        private readonly byte[] _associatedData = SegmentFormat.FrameAssociatedData(reader.Reference.Identity);

        public void Open(int index, ReadOnlySpan<byte> stored, Span<byte> plain)
        {
            var entry = reader.FrameAt(index);
            if (stored.Length != entry.StoredBytes || plain.Length != entry.PlainBytes)
                throw new ArgumentException(
                    $"Frame {index} has {entry.StoredBytes} stored and {entry.PlainBytes} plain bytes, not {stored.Length} and {plain.Length}.",
                    nameof(stored));
            Span<byte> nonce = stackalloc byte[SegmentFormat.NonceLength];
            Span<byte> tag = stackalloc byte[SegmentFormat.TagBytes];
            SegmentFormat.FrameNonce(index, nonce);
            SegmentFormat.PatchFrame(_associatedData, index, entry.Block, entry.Mask);
            BinaryPrimitives.WriteUInt128BigEndian(tag, entry.Tag.Value);
            if (entry.Codec == FrameCodec.Raw)
            {
                Decrypt(index, nonce, stored, tag, plain);
                return;
            }
            var compressed = System.Buffers.ArrayPool<byte>.Shared.Rent(stored.Length);
            try
            {
                Decrypt(index, nonce, stored, tag, compressed.AsSpan(0, stored.Length));
                Decompress(
                    entry.Codec, compressed.AsSpan(0, stored.Length), plain,
                    $"Frame {index} of segment {reader.Reference.Identity.BlobKey}");
            }
            finally
            {
                System.Buffers.ArrayPool<byte>.Shared.Return(compressed);
            }
        }

        public void Dispose() => _cipher.Dispose();

        private void Decrypt(int index, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> stored, ReadOnlySpan<byte> tag, Span<byte> plain)
        {
            try
            {
                _cipher.Decrypt(nonce, stored, tag, plain, _associatedData);
            }
            catch (AuthenticationTagMismatchException e)
            {
                throw new CorruptDataException(
                    reader.Name, $"frame {index} (block {reader.FrameAt(index).Block}) does not authenticate", e);
            }
        }

        internal static void Decompress(FrameCodec codec, ReadOnlySpan<byte> compressed, Span<byte> plain, string what)
        {
            int length;
            try
            {
                if (codec == FrameCodec.Lz4)
                {
                    length = LZ4Codec.Decode(compressed, plain);
                }
                else
                {
                    using var zstd = new Decompressor();
                    length = zstd.Unwrap(compressed, plain);
                }
            }
            catch (ZstdException e)
            {
                throw new CorruptDataException(what, "it does not decompress", e);
            }
            if (length != plain.Length) throw new CorruptDataException(what, $"it decompresses to {length} bytes, not {plain.Length}");
        }
    }
}
