using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using K4os.Compression.LZ4;
using Tidegate.BlockStore.Keys;
using ZstdSharp;

namespace Tidegate.BlockStore.Segments;

/// <summary>
/// Writes one segment container, frame by frame, into one pooled buffer: compresses, then encrypts in place; what does not shrink is encrypted from where it lies. Not safe for
/// parallel use; callers seal several segments at once instead.
/// </summary>
internal sealed class SegmentWriter : IDisposable
{
    private const int ZstdLevel = 3;
    /// <summary>After so many sectors in a row that did not shrink, a sector of each further frame speaks for it, and of single ones only some are tried.</summary>
    private const int UnshrunkBeforeProbes = 32;
    private const int SingleSectorsBetweenProbes = 8;

    private readonly SegmentIdentity _identity;
    private readonly AesGcm _cipher;
    private readonly byte[] _associatedData;
    private readonly Compressor? _zstd;
    private readonly List<SegmentEntry> _entries = [];
    private byte[]? _buffer;
    private int _length = SegmentFormat.HeaderBytes;
    private int _unshrunk;

    public SegmentWriter(SegmentIdentity identity, DataKey key, int expectedBytes)
    {
        _identity = identity;
        _cipher = SegmentFormat.CreateCipher(key, identity);
        _associatedData = SegmentFormat.FrameAssociatedData(identity);
        _buffer = SegmentBuffers.Shared.Rent(Math.Max(expectedBytes, 4096));
        if (identity.Kind == SegmentKind.Compact) _zstd = new Compressor(ZstdLevel);
    }

    public IReadOnlyList<SegmentEntry> Entries => _entries;

    /// <summary>Bytes of ciphertext so far.</summary>
    public int FrameBytes => _length - SegmentFormat.HeaderBytes;

    /// <summary>Adds a frame and returns its index.</summary>
    public int AddFrame(uint block, ushort mask, ReadOnlySpan<byte> plain)
    {
        if (_entries.Count == SegmentFormat.MaxEntries)
            throw new InvalidOperationException($"Segment {_identity.BlobKey} is full: {SegmentFormat.MaxEntries} frames.");
        if (_identity.HoldsSectors && plain.Length != BitOperations.PopCount(mask) * BlockGeometry.SectorBytes)
            throw new ArgumentException($"{plain.Length} bytes do not fill the sectors of mask 0x{mask:x4}.", nameof(plain));
        if (plain.Length > SegmentFormat.MaxPageBytes)
            throw new ArgumentException($"A frame holds at most {SegmentFormat.MaxPageBytes} bytes, not {plain.Length}.", nameof(plain));
        Reserve(plain.Length);
        var target = _buffer.AsSpan(_length, plain.Length);
        var (codec, stored) = Compress(plain, target);
        if (codec == FrameCodec.Raw) stored = plain.Length;
        var index = _entries.Count;
        Span<byte> nonce = stackalloc byte[SegmentFormat.NonceLength];
        Span<byte> tag = stackalloc byte[SegmentFormat.TagBytes];
        SegmentFormat.FrameNonce(index, nonce);
        SegmentFormat.PatchFrame(_associatedData, index, block, mask);
        target = target[..stored];
        _cipher.Encrypt(nonce, codec == FrameCodec.Raw ? plain : target, target, tag, _associatedData);
        _entries.Add(
            new SegmentEntry(block, mask, codec, _length, stored, plain.Length, new FrameTag(BinaryPrimitives.ReadUInt128BigEndian(tag))));
        _length += stored;
        return index;
    }

    /// <summary>Adds a frame that is sealed already, under the key of the segment that it was born in.</summary>
    public void AddSealedFrame(SegmentEntry entry, ReadOnlySpan<byte> ciphertext)
    {
        if (_identity.Kind != SegmentKind.Moved) throw new InvalidOperationException($"A {_identity.Kind} segment seals its own frames.");
        if (ciphertext.Length != entry.StoredBytes)
            throw new ArgumentException($"The frame has {entry.StoredBytes} stored bytes, not {ciphertext.Length}.", nameof(ciphertext));
        if (_entries.Count == SegmentFormat.MaxEntries)
            throw new InvalidOperationException($"Segment {_identity.BlobKey} is full: {SegmentFormat.MaxEntries} frames.");
        Reserve(ciphertext.Length);
        ciphertext.CopyTo(_buffer.AsSpan(_length));
        _entries.Add(entry with { Offset = _length });
        _length += ciphertext.Length;
    }

    /// <summary>Adds header, index and trailer. The writer is spent: the result owns its buffer.</summary>
    public SealedSegment Finish(SegmentHeader header, IReadOnlyList<SegmentRange> ranges)
    {
        if (ranges.Count > SegmentFormat.MaxRanges)
            throw new InvalidOperationException($"Segment {_identity.BlobKey} has {ranges.Count} ranges, over {SegmentFormat.MaxRanges}; seal shorter stretches of the log.");
        var frameBytes = FrameBytes;
        var indexBytes = SegmentFormat.HeaderBytes + (_entries.Count * SegmentFormat.EntryBytes) + (ranges.Count * SegmentFormat.RangeBytes);
        Reserve(indexBytes + SegmentFormat.TrailerBytes);
        if (_length + indexBytes + SegmentFormat.TrailerBytes > SegmentFormat.MaxSegmentBytes)
            throw new InvalidOperationException(
                $"Segment {_identity.BlobKey} would pass {SegmentFormat.MaxSegmentBytes} bytes; seal shorter stretches of the log.");
        SegmentFormat.WriteHeader(header, _buffer);
        var index = _buffer.AsSpan(_length, indexBytes);
        WriteIndex(index, ranges);

        var trailer = _buffer.AsSpan(_length + indexBytes, SegmentFormat.TrailerBytes);
        trailer.Clear();
        SegmentFormat.TrailerMagic.CopyTo(trailer);
        BinaryPrimitives.WriteInt32LittleEndian(trailer[8..], _entries.Count);
        BinaryPrimitives.WriteInt32LittleEndian(trailer[12..], ranges.Count);
        BinaryPrimitives.WriteInt64LittleEndian(trailer[16..], frameBytes);
        Span<byte> nonce = stackalloc byte[SegmentFormat.NonceLength];
        SegmentFormat.IndexNonce(nonce);
        _cipher.Encrypt(nonce, index, index, trailer[^SegmentFormat.TagBytes..], trailer[..^SegmentFormat.TagBytes]);

        var sealedSegment = new SealedSegment(
            header, _buffer!, _length + indexBytes + SegmentFormat.TrailerBytes, frameBytes, [.. _entries]);
        _buffer = null;
        return sealedSegment;
    }

    public void Dispose()
    {
        _cipher.Dispose();
        _zstd?.Dispose();
        if (_buffer is not null) SegmentBuffers.Shared.Return(_buffer);
        _buffer = null;
    }

    // One byte less than the input: what does not shrink is stored as it is.
    private (FrameCodec Codec, int Stored) Compress(ReadOnlySpan<byte> plain, Span<byte> target)
    {
        if (plain.Length <= 1) return (FrameCodec.Raw, 0);
        if (_zstd is not null) return _zstd.TryWrap(plain, target[..^1], out var packed) ? (FrameCodec.Zstd, packed) : (FrameCodec.Raw, 0);
        if (_unshrunk >= UnshrunkBeforeProbes && !IsWorthCompressing(plain, target)) return (FrameCodec.Raw, 0);
        var stored = LZ4Codec.Encode(plain, target[..^1], LZ4Level.L00_FAST);
        _unshrunk = stored > 0 ? 0 : _unshrunk + Math.Max(1, plain.Length / BlockGeometry.SectorBytes);
        return stored > 0 ? (FrameCodec.Lz4, stored) : (FrameCodec.Raw, 0);
    }

    /// <summary>
    /// Whether one sector shrinks, another one in each frame. What is remembered from frame to frame is of this segment alone: sealing the same
    /// sectors again under the same identity must give the same bytes.
    /// </summary>
    private bool IsWorthCompressing(ReadOnlySpan<byte> plain, Span<byte> scratch)
    {
        if (plain.Length <= BlockGeometry.SectorBytes) return _entries.Count % SingleSectorsBetweenProbes == 0;
        var sector = _entries.Count * 5 % (plain.Length / BlockGeometry.SectorBytes);
        return LZ4Codec.Encode(plain.Slice(sector * BlockGeometry.SectorBytes, BlockGeometry.SectorBytes), scratch[..(BlockGeometry.SectorBytes - 1)], LZ4Level.L00_FAST) > 0;
    }

    private void WriteIndex(Span<byte> index, IReadOnlyList<SegmentRange> ranges)
    {
        // A copy of the header inside the authenticated index lets a reader that fetched only the end of the blob trust it.
        _buffer.AsSpan(0, SegmentFormat.HeaderBytes).CopyTo(index);
        var at = SegmentFormat.HeaderBytes;
        foreach (var entry in _entries)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(index[at..], entry.Block);
            BinaryPrimitives.WriteUInt16LittleEndian(index[(at + 4)..], entry.Mask);
            index[at + 6] = (byte)entry.Codec;
            index[at + 7] = 0;
            BinaryPrimitives.WriteInt32LittleEndian(index[(at + 8)..], entry.StoredBytes);
            BinaryPrimitives.WriteInt32LittleEndian(index[(at + 12)..], entry.PlainBytes);
            BinaryPrimitives.WriteUInt128BigEndian(index[(at + 16)..], entry.Tag.Value);
            at += SegmentFormat.EntryBytes;
        }
        foreach (var range in ranges)
        {
            BinaryPrimitives.WriteInt64LittleEndian(index[at..], range.FirstSector);
            BinaryPrimitives.WriteInt64LittleEndian(index[(at + 8)..], range.SectorCount);
            at += SegmentFormat.RangeBytes;
        }
    }

    private void Reserve(int more)
    {
        if (_length + more <= _buffer!.Length) return;
        var larger = SegmentBuffers.Shared.Rent(Math.Max(_length + more, _buffer.Length * 2));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        SegmentBuffers.Shared.Return(_buffer);
        _buffer = larger;
    }
}
