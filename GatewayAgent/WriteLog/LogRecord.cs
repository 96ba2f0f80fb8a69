namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>One record as it is read back. <see cref="Data"/> lives in the reader's buffer: it is good until the next record is read.</summary>
/// <param name="Position">Where the record starts.</param>
/// <param name="End">Where the next one starts.</param>
/// <param name="Kind">What it records.</param>
/// <param name="Sequence">Its place in the write order.</param>
/// <param name="Generation">The open that wrote it.</param>
/// <param name="Offset">Offset in the volume, bytes (notes: see the format).</param>
/// <param name="Length">Length in the volume, bytes.</param>
/// <param name="HostTime">Host clock when it was appended, for display only.</param>
/// <param name="Data">The payload: the bytes of a write, the body of a note.</param>
internal readonly record struct LogRecord(
    long Position,
    long End,
    LogRecordKind Kind,
    long Sequence,
    long Generation,
    long Offset,
    long Length,
    DateTimeOffset HostTime,
    ReadOnlyMemory<byte> Data)
{
    /// <summary>Log position of the first payload byte, for <see cref="WriteLog.ReadData"/>.</summary>
    public long DataPosition => Position + LogRecordHeader.Bytes;

    /// <summary>True for seals, barriers and resizes, which change no bytes of the volume.</summary>
    public bool IsNote => LogRecordHeader.IsNote(Kind);
}
