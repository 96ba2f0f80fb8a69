using System.Buffers.Binary;
using System.Text;

namespace Tidegate.BlockStore.Formats;

/// <summary>
/// Reads what <see cref="FormatWriter"/> wrote and believes none of it: every field is checked against the bytes that are
/// left, and every count against what so many items need at least, before anything is allocated for it.
/// </summary>
internal ref struct FormatReader(ReadOnlySpan<byte> bytes, string what)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private readonly string _what = what;
    private int _position;

    public readonly int Remaining => _bytes.Length - _position;
    public readonly int Position => _position;

    public byte U8(string field) => Take(1, field)[0];

    public bool Flag(string field) => U8(field) switch
    {
        0 => false,
        1 => true,
        var other => throw Corrupt($"{field} is {other}, neither 0 nor 1"),
    };

    public int U16(string field) => BinaryPrimitives.ReadUInt16LittleEndian(Take(2, field));
    public uint U32(string field) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, field));
    public long I64(string field) => BinaryPrimitives.ReadInt64LittleEndian(Take(8, field));
    public UInt128 U128(string field) => BinaryPrimitives.ReadUInt128BigEndian(Take(16, field));
    public ReadOnlySpan<byte> Bytes(int length, string field) => Take(length, field);
    public ReadOnlySpan<byte> Counted(string field) => Take(U16(field), field);

    /// <summary>A 64-bit value in <c>[minimum, maximum]</c>.</summary>
    public long I64(string field, long minimum, long maximum)
    {
        var value = I64(field);
        return value >= minimum && value <= maximum ? value : throw Corrupt($"{field} {value} is not in [{minimum}, {maximum}]");
    }

    /// <summary>A 32-bit value in <c>[minimum, maximum]</c>.</summary>
    public int I32(string field, int minimum, int maximum)
    {
        var value = U32(field);
        return value >= minimum && value <= maximum ? (int)value : throw Corrupt($"{field} {value} is not in [{minimum}, {maximum}]");
    }

    /// <summary>A count of items of at least <paramref name="itemBytes"/> each, at most <paramref name="maximum"/>.</summary>
    public int Count(string field, int maximum, int itemBytes)
    {
        var value = U32(field);
        if (value > maximum) throw Corrupt($"{field} {value} is over {maximum}");
        if (value * (long)itemBytes > Remaining) throw Corrupt($"{field} {value} needs more than the {Remaining} bytes that are left");
        return (int)value;
    }

    public DateTimeOffset Time(string field)
    {
        // The calendar's bounds: outside them the conversion throws.
        var value = I64(field, -62_135_596_800_000, 253_402_300_799_999);
        return DateTimeOffset.FromUnixTimeMilliseconds(value);
    }

    public string Text(string field)
    {
        var bytes = Take(U8(field), field);
        foreach (var value in bytes)
            if (value is < 0x20 or > 0x7e) throw Corrupt($"{field} holds the byte 0x{value:x2}, which is not printable ASCII");
        return Encoding.ASCII.GetString(bytes);
    }

    public void Expect(ReadOnlySpan<byte> magic, string field)
    {
        if (!Take(magic.Length, field).SequenceEqual(magic))
            throw Corrupt($"{field} is wrong: it is no object of this kind, or of a version this reader does not know");
    }

    public readonly void End()
    {
        if (Remaining != 0) throw Corrupt($"{Remaining} bytes follow its end");
    }

    public readonly CorruptDataException Corrupt(string problem) => new(_what, problem);

    private ReadOnlySpan<byte> Take(int length, string field)
    {
        if (length > Remaining) throw Corrupt($"it ends inside {field}");
        var taken = _bytes.Slice(_position, length);
        _position += length;
        return taken;
    }
}
