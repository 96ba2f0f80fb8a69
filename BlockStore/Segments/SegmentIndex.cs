using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using Tidegate.BlockStore.Formats;

namespace Tidegate.BlockStore.Segments;

/// <summary>
/// A segment's authenticated index: its header, where its frames are, which ranges read as zero. Everything in it has been
/// checked against the identity that was asked for and against the size of the blob (I6).
/// </summary>
public sealed class SegmentIndex
{
    private SegmentIndex(SegmentHeader header, SegmentEntry[] entries, SegmentRange[] ranges)
    {
        Header = header;
        Entries = entries;
        Ranges = ranges;
    }

    /// <summary>What the segment says about itself.</summary>
    public SegmentHeader Header { get; }

    /// <summary>Its frames; where they hold sectors in the order of their blocks, one a block.</summary>
    public IReadOnlyList<SegmentEntry> Entries { get; }

    /// <summary>Ranges that read as zero where no frame of this segment says otherwise; sorted and disjoint.</summary>
    public IReadOnlyList<SegmentRange> Ranges { get; }

    /// <summary>Stored bytes of all frames.</summary>
    public long FrameBytes => Entries.Sum(entry => (long)entry.StoredBytes);

    /// <summary>Position of a block's frame in <see cref="Entries"/>, or -1.</summary>
    public int FindBlock(uint block)
    {
        var low = 0;
        var high = Entries.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (Entries[middle].Block == block) return middle;
            if (Entries[middle].Block < block) low = middle + 1;
            else high = middle - 1;
        }
        return -1;
    }

    /// <summary>How many bytes from the end of the blob hold index and trailer, told by the trailer alone.</summary>
    internal static int TailBytes(ReadOnlySpan<byte> trailer, SegmentReference reference)
    {
        var (entries, ranges, frameBytes) = ReadTrailer(trailer, reference);
        var tail = SegmentFormat.HeaderBytes + (entries * (long)SegmentFormat.EntryBytes) + (ranges * (long)SegmentFormat.RangeBytes) + SegmentFormat.TrailerBytes;
        if (SegmentFormat.HeaderBytes + frameBytes + tail != reference.LengthBytes)
            throw Corrupt(
                reference,
                $"its trailer counts {entries} frames of {frameBytes} bytes and {ranges} ranges, which do not add up to a blob of {reference.LengthBytes} bytes");
        return (int)tail;
    }

    /// <summary>Opens the index at the end of a blob. <paramref name="tail"/> holds exactly <see cref="TailBytes"/>.</summary>
    internal static SegmentIndex Parse(ReadOnlySpan<byte> tail, SegmentReference reference, AesGcm cipher)
    {
        var trailer = tail[^SegmentFormat.TrailerBytes..];
        var (entryCount, rangeCount, frameBytes) = ReadTrailer(trailer, reference);
        var plain = new byte[tail.Length - SegmentFormat.TrailerBytes];
        Span<byte> nonce = stackalloc byte[SegmentFormat.NonceLength];
        SegmentFormat.IndexNonce(nonce);
        try
        {
            cipher.Decrypt(nonce, tail[..plain.Length], trailer[^SegmentFormat.TagBytes..], plain, trailer[..^SegmentFormat.TagBytes]);
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new CorruptDataException(
                $"Segment {reference.Identity.BlobKey}",
                "its index does not authenticate: it was altered, or is another object under this name", e);
        }
        var header = SegmentFormat.ReadHeader(plain, $"Segment {reference.Identity.BlobKey}");
        if (header.Identity != reference.Identity) throw Corrupt(reference, $"its header says that it is {header.Identity.BlobKey}");
        var at = SegmentFormat.HeaderBytes;
        var entries = ReadEntries(plain.AsSpan(at, entryCount * SegmentFormat.EntryBytes), reference, frameBytes);
        at += entryCount * SegmentFormat.EntryBytes;
        return new SegmentIndex(header, entries, ReadRanges(plain.AsSpan(at, rangeCount * SegmentFormat.RangeBytes), reference));
    }

    private static (int Entries, int Ranges, long FrameBytes) ReadTrailer(ReadOnlySpan<byte> trailer, SegmentReference reference)
    {
        if (trailer.Length != SegmentFormat.TrailerBytes)
            throw Corrupt(reference, $"the blob ends before its {reference.LengthBytes} bytes");
        var reader = new FormatReader(trailer, $"Segment {reference.Identity.BlobKey}");
        reader.Expect(SegmentFormat.TrailerMagic, "trailer magic");
        return (
            reader.I32("frame count", 0, SegmentFormat.MaxEntries), reader.I32("range count", 0, SegmentFormat.MaxRanges),
            reader.I64("frame bytes", 0, SegmentFormat.MaxSegmentBytes));
    }

    private static SegmentEntry[] ReadEntries(ReadOnlySpan<byte> bytes, SegmentReference reference, long frameBytes)
    {
        var isData = reference.Identity.HoldsSectors;
        var entries = new SegmentEntry[bytes.Length / SegmentFormat.EntryBytes];
        long offset = SegmentFormat.HeaderBytes;
        for (var i = 0; i < entries.Length; i++)
        {
            var raw = bytes.Slice(i * SegmentFormat.EntryBytes, SegmentFormat.EntryBytes);
            var block = BinaryPrimitives.ReadUInt32LittleEndian(raw);
            var mask = BinaryPrimitives.ReadUInt16LittleEndian(raw[4..]);
            var codec = raw[6];
            var stored = BinaryPrimitives.ReadInt32LittleEndian(raw[8..]);
            var plain = BinaryPrimitives.ReadInt32LittleEndian(raw[12..]);
            if (codec > (byte)FrameCodec.Zstd) throw Corrupt(reference, $"frame {i} names codec {codec}, which this reader does not know");
            if (plain is <= 0 or > SegmentFormat.MaxPageBytes
                || stored <= 0
                || stored > plain
                || (codec == (byte)FrameCodec.Raw && stored != plain))
                throw Corrupt(reference, $"frame {i} claims {stored} stored and {plain} plain bytes");
            if (isData && (mask == 0 || plain != BitOperations.PopCount(mask) * BlockGeometry.SectorBytes))
                throw Corrupt(reference, $"frame {i} of {plain} bytes does not fill mask 0x{mask:x4}");
            if (isData && i > 0 && block <= entries[i - 1].Block)
                throw Corrupt(reference, $"frame {i} is for block {block}, not after block {entries[i - 1].Block}");
            if (isData && block >= BlockGeometry.MaxVolumeBytes / BlockGeometry.BlockBytes)
                throw Corrupt(reference, $"frame {i} is for block {block}, past the largest volume");
            if (offset + stored > SegmentFormat.HeaderBytes + frameBytes) throw Corrupt(reference, $"frame {i} reaches past the frames");
            entries[i] = new SegmentEntry(
                block, mask, (FrameCodec)codec, (int)offset, stored, plain, new FrameTag(BinaryPrimitives.ReadUInt128BigEndian(raw[16..])));
            offset += stored;
        }
        if (offset != SegmentFormat.HeaderBytes + frameBytes)
            throw Corrupt(reference, $"its frames take {offset - SegmentFormat.HeaderBytes} bytes, not {frameBytes}");
        return entries;
    }

    private static SegmentRange[] ReadRanges(ReadOnlySpan<byte> bytes, SegmentReference reference)
    {
        var ranges = new SegmentRange[bytes.Length / SegmentFormat.RangeBytes];
        const long most = BlockGeometry.MaxVolumeBytes / BlockGeometry.SectorBytes;
        long end = -1;
        for (var i = 0; i < ranges.Length; i++)
        {
            var first = BinaryPrimitives.ReadInt64LittleEndian(bytes[(i * SegmentFormat.RangeBytes)..]);
            var count = BinaryPrimitives.ReadInt64LittleEndian(bytes[((i * SegmentFormat.RangeBytes) + 8)..]);
            if (first <= end || count is <= 0 or > most || first > most - count)
                throw Corrupt(reference, $"range {i}, {count} sectors at {first}, is empty, out of order or past the largest volume");
            ranges[i] = new SegmentRange(first, count);
            end = ranges[i].EndSector;
        }
        return ranges;
    }

    private static CorruptDataException Corrupt(SegmentReference reference, string problem) =>
        new($"Segment {reference.Identity.BlobKey}", problem);
}
