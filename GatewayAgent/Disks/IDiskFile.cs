namespace Tidegate.GatewayAgent.Disks;

/// <summary>
/// A file whose syncs are checked. Positions are bytes. Synchronous on purpose: page-cache reads and writes are shorter
/// than a thread hand-over; only <see cref="SyncData"/> blocks, and its callers own a thread for it.
/// </summary>
internal interface IDiskFile : IDisposable
{
    long SizeBytes { get; }
    /// <summary>When its bytes were last changed, by the file system; whole 100 ns.</summary>
    DateTimeOffset ModifiedAt { get; }
    /// <summary>Reads exactly the buffer; bytes past the end of the file are an error.</summary>
    void Read(long position, Span<byte> buffer);
    /// <summary>Writes all of it; throws <see cref="DiskFaultException"/> with the errno on failure.</summary>
    void Write(long position, ReadOnlySpan<byte> data);
    /// <summary>Writes the pieces one after the other in one system call where it can.</summary>
    void WriteGather(long position, IReadOnlyList<ReadOnlyMemory<byte>> pieces);
    /// <summary>fdatasync, checked. After a failure the file's contents are unknown: the volume must stop.</summary>
    void SyncData();
    /// <summary>Reserves space so that writes inside cannot meet a full disk.</summary>
    void Allocate(long position, long length);
    /// <summary>Releases a range so that it reads as zero.</summary>
    void PunchHole(long position, long length);
    void SetSize(long sizeBytes);
    /// <summary>The next data and hole boundaries, for block status: how many bytes from <paramref name="position"/> on are of one kind, and which.</summary>
    (long LengthBytes, bool IsHole) NextExtent(long position);
}
