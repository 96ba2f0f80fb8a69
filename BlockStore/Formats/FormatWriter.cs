using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Tidegate.BlockStore.Formats;

/// <summary>Writes the primitive fields of every format: little-endian integers, counted ASCII strings, fixed byte runs.</summary>
internal sealed class FormatWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new(256);

    public int Length => _buffer.WrittenCount;
    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    public void U8(byte value)
    {
        _buffer.GetSpan(1)[0] = value;
        _buffer.Advance(1);
    }

    public void Flag(bool value) => U8(value ? (byte)1 : (byte)0);

    public void U16(int value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.GetSpan(2), checked((ushort)value));
        _buffer.Advance(2);
    }

    public void U32(long value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.GetSpan(4), checked((uint)value));
        _buffer.Advance(4);
    }

    public void I64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_buffer.GetSpan(8), value);
        _buffer.Advance(8);
    }

    public void U128(UInt128 value)
    {
        BinaryPrimitives.WriteUInt128BigEndian(_buffer.GetSpan(16), value);
        _buffer.Advance(16);
    }

    public void Time(DateTimeOffset value) => I64(value.ToUnixTimeMilliseconds());

    public void Bytes(ReadOnlySpan<byte> value) => _buffer.Write(value);

    /// <summary>A byte run behind its length, at most 65,535.</summary>
    public void Counted(ReadOnlySpan<byte> value)
    {
        U16(value.Length);
        Bytes(value);
    }

    /// <summary>An ASCII string behind its length, at most 255.</summary>
    public void Text(string value)
    {
        U8(checked((byte)value.Length));
        var written = Encoding.ASCII.GetBytes(value, _buffer.GetSpan(value.Length));
        _buffer.Advance(written);
    }

    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();
}
