using System.Buffers.Binary;
using System.Text;

namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>Bodies of notes (<c>docs/formats/write-log.md</c>, Record).</summary>
internal static class LogNotes
{
    internal const int MaxSnapshotIdBytes = 256;
    internal const int MaxFootprintBytes = 1024;
    private const int SealFixedBytes = 18;

    internal static byte[] EncodeSeal(SealDecision seal)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(seal.Digest.Length, LogSuperblock.MaxDigestBytes, nameof(seal));
        var body = new byte[SealFixedBytes + seal.Digest.Length];
        BinaryPrimitives.WriteInt64LittleEndian(body, seal.Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(body.AsSpan(8), seal.Epoch);
        BinaryPrimitives.WriteUInt16LittleEndian(body.AsSpan(16), (ushort)seal.Digest.Length);
        seal.Digest.CopyTo(body, SealFixedBytes);
        return body;
    }

    /// <summary>Whether a seal has all that its length says, and no more.</summary>
    internal static bool IsSeal(ReadOnlySpan<byte> body) =>
        body.Length >= SealFixedBytes && body.Length == SealFixedBytes + BinaryPrimitives.ReadUInt16LittleEndian(body[16..]) && body.Length <= SealFixedBytes + LogSuperblock.MaxDigestBytes;

    internal static SealDecision DecodeSeal(LogRecord record)
    {
        var body = record.Data.Span;
        var digestBytes = BinaryPrimitives.ReadUInt16LittleEndian(body[16..]);
        return new SealDecision(
            BinaryPrimitives.ReadInt64LittleEndian(body), record.Offset, record.Offset + record.Length,
            body.Slice(SealFixedBytes, digestBytes).ToArray(), BinaryPrimitives.ReadInt64LittleEndian(body[8..]));
    }

    internal static byte[] EncodeBarrier(string snapshotId)
    {
        var body = Encoding.UTF8.GetBytes(snapshotId);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(body.Length, MaxSnapshotIdBytes, nameof(snapshotId));
        return body;
    }

    internal static BarrierPoint DecodeBarrier(LogRecord record) => new(Encoding.UTF8.GetString(record.Data.Span), record.End);
}
