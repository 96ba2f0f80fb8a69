using System.Buffers.Binary;
using System.Security.Cryptography;
using Tidegate.BlockStore.Keys;

namespace Tidegate.BlockStore.Segments;

/// <summary>
/// Computes a segment's digest from the log records of its range, in log order (<c>docs/formats/segment.md</c>, Digest).
/// It depends on nothing that encryption or compression produces, so that recovery, which seals the same range again, arrives
/// at the same digest (I8); and on the digest before, so that equal digests mean equal histories (I3).
/// </summary>
public sealed class LogDigest : IDisposable
{
    private readonly byte[] _key = new byte[32];
    private readonly IncrementalHash _records;

    /// <summary>Starts a digest under the data key of a volume's first generation: digests do not change when the key is rotated.</summary>
    public LogDigest(DataKey key)
    {
        key.Derive([], "tidegate log digest 1"u8, _key);
        _records = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
    }

    /// <summary>Adds a write.</summary>
    public void AppendWrite(long offset, ReadOnlySpan<byte> data)
    {
        Append(LogRecordKind.Write, offset, data.Length);
        _records.AppendData(data);
    }

    /// <summary>Adds a record without data.</summary>
    public void AppendRange(LogRecordKind kind, long offset, long length)
    {
        if (kind is not (LogRecordKind.Discard or LogRecordKind.Zero))
            throw new ArgumentOutOfRangeException(nameof(kind), kind, "Only discards and zeroes carry no data.");
        Append(kind, offset, length);
    }

    /// <summary>
    /// The digest of the records so far as segment <paramref name="sequence"/> holding log positions [<paramref name="logStart"/>,
    /// <paramref name="logEnd"/>). More records may follow.
    /// </summary>
    public SegmentDigest Compute(SegmentDigest previous, long sequence, long logStart, long logEnd)
    {
        Span<byte> input = stackalloc byte[SegmentDigest.LengthBytes + 24 + 32];
        previous.Bytes.CopyTo(input);
        BinaryPrimitives.WriteInt64LittleEndian(input[32..], sequence);
        BinaryPrimitives.WriteInt64LittleEndian(input[40..], logStart);
        BinaryPrimitives.WriteInt64LittleEndian(input[48..], logEnd);
        _records.GetCurrentHash(input[56..]);
        return new SegmentDigest(HMACSHA256.HashData(_key, input));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _records.Dispose();
        CryptographicOperations.ZeroMemory(_key);
    }

    private void Append(LogRecordKind kind, long offset, long length)
    {
        Span<byte> record = stackalloc byte[24];
        BinaryPrimitives.WriteInt64LittleEndian(record, (long)kind);
        BinaryPrimitives.WriteInt64LittleEndian(record[8..], offset);
        BinaryPrimitives.WriteInt64LittleEndian(record[16..], length);
        _records.AppendData(record);
    }
}
