using System.Buffers.Binary;

namespace Tidegate.GatewayAgent.Nbd.Wire;

/// <summary>A request header of the transmission phase, 28 bytes on the wire.</summary>
/// <param name="Flags">Flags as sent, unchecked.</param>
/// <param name="Command">Type as sent, unchecked.</param>
/// <param name="Cookie">Opaque to the server; the reply carries it back.</param>
/// <param name="Offset">Bytes; unchecked, may be above any size.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct NbdRequest(NbdCommandFlags Flags, NbdCommand Command, ulong Cookie, ulong Offset, uint Length)
{
    /// <summary>Bytes of a header on the wire.</summary>
    public const int HeaderBytes = 28;

    /// <summary>Decodes a header; false when its magic is wrong, which leaves the stream without a boundary to go on from.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> header, out NbdRequest request)
    {
        request = new NbdRequest(
            (NbdCommandFlags)BinaryPrimitives.ReadUInt16BigEndian(header[4..]),
            (NbdCommand)BinaryPrimitives.ReadUInt16BigEndian(header[6..]),
            BinaryPrimitives.ReadUInt64BigEndian(header[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(header[16..]),
            BinaryPrimitives.ReadUInt32BigEndian(header[24..]));
        return BinaryPrimitives.ReadUInt32BigEndian(header) == NbdMagic.Request;
    }
}
