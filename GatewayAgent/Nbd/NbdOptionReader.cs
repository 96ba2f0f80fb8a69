using System.Buffers.Binary;
using System.Text;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>Reads the data of one option; every read says whether the data was long enough.</summary>
internal ref struct NbdOptionReader(ReadOnlySpan<byte> data)
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private ReadOnlySpan<byte> _data = data;

    public readonly bool IsAtEnd => _data.IsEmpty;

    public bool TryReadUInt16(out ushort value)
    {
        if (!BinaryPrimitives.TryReadUInt16BigEndian(_data, out value))
            return false;
        _data = _data[2..];
        return true;
    }

    public bool TryReadUInt32(out uint value)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(_data, out value))
            return false;
        _data = _data[4..];
        return true;
    }

    /// <summary>A string behind its 32-bit length; false when it is longer than the data or <paramref name="maxBytes"/>, or not UTF-8.</summary>
    public bool TryReadString(int maxBytes, out string text)
    {
        text = "";
        if (!TryReadUInt32(out var length) || length > _data.Length || length > maxBytes || !TryDecode(_data[..(int)length], out text))
            return false;
        _data = _data[(int)length..];
        return true;
    }

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out string text)
    {
        try
        {
            text = StrictUtf8.GetString(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            text = "";
            return false;
        }
    }
}
