using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Tidegate.GatewayAgent.WriteLog;

namespace Tidegate.GatewayAgent.Devices;

/// <summary>The bytes of a dirty map (<c>docs/formats/dirty-map.md</c>).</summary>
internal static class DirtyMapFormat
{
    internal const int HeaderBytes = 4096;
    internal const int SectorBytes = 512;
    internal const int SectorBlocks = 4032;
    private const int BitsAt = 8;
    private const int HeaderCrcAt = 508;
    private const ushort Version = 1;

    private static ReadOnlySpan<byte> Magic => "TGDIRT01"u8;

    /// <summary>Where the mark of a store that could not be synced is.</summary>
    internal const int UnsyncedAt = SectorBytes;

    private static ReadOnlySpan<byte> UnsyncedMagic => "TGUNSYNC"u8;

    internal static byte[] EncodeUnsynced(bool isUnsynced)
    {
        var bytes = new byte[SectorBytes];
        if (isUnsynced)
            UnsyncedMagic.CopyTo(bytes);
        return bytes;
    }

    internal static bool DecodeUnsynced(ReadOnlySpan<byte> bytes) => bytes[..8].SequenceEqual(UnsyncedMagic);

    /// <summary>Bytes of the map of a volume with so many blocks.</summary>
    internal static long FileBytes(long blocks) => HeaderBytes + (blocks + SectorBlocks - 1) / SectorBlocks * SectorBytes;

    internal static byte[] EncodeHeader(string volumeId, in DirtyHeader header)
    {
        var bytes = new byte[SectorBytes];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), Version);
        bytes[10] = (byte)header.Reason;
        bytes[11] = header.IsWhole ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), header.Round);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), header.BaseSequence);
        SHA256.HashData(Encoding.ASCII.GetBytes(volumeId), bytes.AsSpan(24, 32));
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(56), header.SinceTicks);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(64), header.Copied.Branch);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(72), header.Copied.Fills);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(80), header.Copied.EndBlock);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(HeaderCrcAt), Crc32C.Compute(bytes.AsSpan(0, HeaderCrcAt)));
        return bytes;
    }

    /// <summary>Throws <see cref="InvalidDataException"/> for a whole header of a newer format: to count it for damaged would write over it.</summary>
    internal static void RefuseNewer(ReadOnlySpan<byte> bytes)
    {
        if (bytes[..8].SequenceEqual(Magic)
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes[HeaderCrcAt..]) == Crc32C.Compute(bytes[..HeaderCrcAt])
            && BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]) is var version and > Version)
            throw new InvalidDataException($"The dirty map has format {version}; this agent knows formats up to {Version}. Install the agent that wrote it, or a newer one; nothing was changed.");
    }

    /// <summary>Null when the bytes are no header of that volume's map.</summary>
    internal static DirtyHeader? DecodeHeader(string volumeId, ReadOnlySpan<byte> bytes)
    {
        Span<byte> id = stackalloc byte[32];
        SHA256.HashData(Encoding.ASCII.GetBytes(volumeId), id);
        if (bytes.Length < SectorBytes || !bytes[..8].SequenceEqual(Magic)
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[HeaderCrcAt..]) != Crc32C.Compute(bytes[..HeaderCrcAt])
            || BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]) != Version || bytes[10] > (byte)DirtyReason.CameApart || bytes[11] > 1
            || !bytes.Slice(24, 32).SequenceEqual(id))
            return null;
        var header = new DirtyHeader(
            (DirtyReason)bytes[10], bytes[11] == 1, BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[56..]),
            new CopiedPart(
                BinaryPrimitives.ReadInt64LittleEndian(bytes[64..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[72..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[80..])));
        return header.BaseSequence >= 0 && header.SinceTicks >= 0 && header.SinceTicks <= DateTimeOffset.MaxValue.UtcTicks
            && header.Copied is { Branch: >= 0, Fills: >= 0, EndBlock: >= 0 }
            ? header
            : null;
    }

    /// <summary>Writes a sector's round and checksum around its bits, which are in place already.</summary>
    internal static void SealSector(long index, uint round, Span<byte> sector)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(sector[4..], round);
        BinaryPrimitives.WriteUInt32LittleEndian(sector, SectorCrc(index, sector));
    }

    /// <summary>The bits of a sector in a round: its own, none, or all where it is damaged.</summary>
    internal static void DecodeSector(long index, uint round, ReadOnlySpan<byte> sector, Span<byte> bits)
    {
        if (!sector.ContainsAnyExcept((byte)0))
            bits.Clear();
        else if (BinaryPrimitives.ReadUInt32LittleEndian(sector) != SectorCrc(index, sector))
            bits.Fill(byte.MaxValue);
        else if (BinaryPrimitives.ReadUInt32LittleEndian(sector[4..]) != round)
            bits.Clear();
        else
            sector[BitsAt..SectorBytes].CopyTo(bits);
    }

    /// <summary>Where a sector's bits are.</summary>
    internal static Span<byte> BitsOf(Span<byte> sector) => sector[BitsAt..SectorBytes];

    private static uint SectorCrc(long index, ReadOnlySpan<byte> sector)
    {
        Span<byte> covered = stackalloc byte[SectorBytes - 4 + sizeof(long)];
        sector[4..SectorBytes].CopyTo(covered);
        BinaryPrimitives.WriteInt64LittleEndian(covered[(SectorBytes - 4)..], index);
        return Crc32C.Compute(covered);
    }
}
