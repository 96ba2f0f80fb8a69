using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>
/// CRC-32C (Castagnoli, reflected, initial and final all ones). With SSE4.2 three streams run at once, since the
/// instruction takes three cycles but one can start each cycle.
/// </summary>
internal static class Crc32C
{
    private const uint Polynomial = 0x82F63B78;
    private const int LaneBytes = 1344;
    private static readonly uint[] ByteTable = MakeByteTable();
    /// <summary>Four tables of 256: the register after another <see cref="LaneBytes"/> zero bytes, by its four bytes.</summary>
    private static readonly uint[] LaneShift = MakeLaneShift();

    internal static uint Compute(ReadOnlySpan<byte> data) => ~Update(uint.MaxValue, data);

    private static uint Update(uint crc, ReadOnlySpan<byte> data)
    {
        if (!Sse42.X64.IsSupported)
        {
            foreach (var value in data)
                crc = ByteTable[(byte)(crc ^ value)] ^ (crc >> 8);
            return crc;
        }
        while (data.Length >= 3 * LaneBytes)
        {
            var first = MemoryMarshal.Cast<byte, ulong>(data[..LaneBytes]);
            var second = MemoryMarshal.Cast<byte, ulong>(data.Slice(LaneBytes, LaneBytes));
            var third = MemoryMarshal.Cast<byte, ulong>(data.Slice(2 * LaneBytes, LaneBytes));
            ulong a = crc, b = 0, c = 0;
            for (var i = 0; i < first.Length && i < second.Length && i < third.Length; i++)
            {
                a = Sse42.X64.Crc32(a, first[i]);
                b = Sse42.X64.Crc32(b, second[i]);
                c = Sse42.X64.Crc32(c, third[i]);
            }
            crc = ShiftLane(ShiftLane((uint)a) ^ (uint)b) ^ (uint)c;
            data = data[(3 * LaneBytes)..];
        }
        ulong rest = crc;
        for (; data.Length >= 8; data = data[8..])
            rest = Sse42.X64.Crc32(rest, BinaryPrimitives.ReadUInt64LittleEndian(data));
        crc = (uint)rest;
        foreach (var value in data)
            crc = Sse42.Crc32(crc, value);
        return crc;
    }

    private static uint ShiftLane(uint crc) =>
        LaneShift[(byte)crc] ^ LaneShift[256 + (byte)(crc >> 8)] ^ LaneShift[512 + (byte)(crc >> 16)] ^ LaneShift[768 + (crc >> 24)];

    private static uint[] MakeByteTable()
    {
        var table = new uint[256];
        for (uint value = 0; value < 256; value++)
        {
            var crc = value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * Polynomial);
            table[value] = crc;
        }
        return table;
    }

    private static uint[] MakeLaneShift()
    {
        // The map is linear, so 32 single bits give every entry.
        Span<uint> bits = stackalloc uint[32];
        for (var bit = 0; bit < 32; bit++)
        {
            var crc = 1u << bit;
            for (var i = 0; i < LaneBytes; i++)
                crc = ByteTable[(byte)crc] ^ (crc >> 8);
            bits[bit] = crc;
        }
        var table = new uint[1024];
        for (var part = 0; part < 4; part++)
        {
            for (var value = 0; value < 256; value++)
            {
                for (var bit = 0; bit < 8; bit++)
                {
                    if ((value >> bit & 1) != 0)
                        table[256 * part + value] ^= bits[8 * part + bit];
                }
            }
        }
        return table;
    }
}
