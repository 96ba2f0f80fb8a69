using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>The 96 bytes before every payload, as on disk (<c>docs/formats/write-log.md</c>, Record; little-endian hosts only).</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1, Size = Bytes)]
internal struct LogRecordHeader
{
    internal const int Bytes = 96;
    internal const int Alignment = 32;
    internal const int MaxPayloadBytes = 4 << 20;
    internal const uint ExpectedMagic = 0x31524754;
    /// <summary>No log gets as far: a petabyte a day for ten thousand years. Sums of a few positions do not overflow below it.</summary>
    internal const long MaxPosition = long.MaxValue / 4;
    // The calendar's bounds: outside them the conversion throws.
    private const long MinHostTime = -62_135_596_800_000;
    private const long MaxHostTime = 253_402_300_799_999;
    private const int CrcCovers = 8;

    internal uint Magic;
    internal uint Crc;
    internal uint PreviousCrc;
    internal LogRecordKind Kind;
    private byte _zero1;
    private ushort _zero2;
    internal ulong VolumeTag;
    internal long Generation;
    internal long Sequence;
    internal long Synced;
    internal long Position;
    internal long Offset;
    internal long Length;
    internal long HostTimeMilliseconds;
    internal long PreviousNote;
    internal int PayloadBytes;
    internal uint PayloadCrc;

    /// <summary>Space of a record in the log.</summary>
    internal static long Footprint(int payloadBytes) => (Bytes + (long)payloadBytes + Alignment - 1) & -Alignment;

    internal static bool IsNote(LogRecordKind kind) => kind >= LogRecordKind.Seal;

    internal readonly long End => Position + Footprint(PayloadBytes);

    /// <summary>Writes the header with its CRC, which is also returned: the next record names it.</summary>
    internal uint Encode(Span<byte> target)
    {
        Magic = ExpectedMagic;
        (_zero1, _zero2) = (0, 0);
        MemoryMarshal.Write(target, in this);
        Crc = Crc32C.Compute(target[CrcCovers..Bytes]);
        MemoryMarshal.Write(target[4..], in Crc);
        return Crc;
    }

    /// <summary>True when magic and CRC hold and the fields are within their ranges; says nothing about the payload.</summary>
    internal static bool TryDecode(ReadOnlySpan<byte> source, out LogRecordHeader header)
    {
        header = Unsafe.ReadUnaligned<LogRecordHeader>(ref MemoryMarshal.GetReference(source[..Bytes]));
        return header.Magic == ExpectedMagic
            && header.Crc == Crc32C.Compute(source[CrcCovers..Bytes])
            && header.PayloadBytes is >= 0 and <= MaxPayloadBytes
            && header.Position is >= 0 and <= MaxPosition
            && header.PreviousNote >= -1 && header.PreviousNote < header.Position
            && header.Sequence is >= 0 and < long.MaxValue
            && header.Offset is >= 0 and <= MaxPosition && header.Length is >= 0 and <= MaxPosition
            && header.HostTimeMilliseconds is >= MinHostTime and <= MaxHostTime;
    }

    internal readonly LogRecord ToRecord(ReadOnlyMemory<byte> data) => new(
        Position, End, Kind, Sequence, Generation, Offset, Length,
        DateTimeOffset.FromUnixTimeMilliseconds(HostTimeMilliseconds), data);
}
