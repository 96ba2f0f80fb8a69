namespace Tidegate.GatewayAgent.Devices;

/// <summary>Counts the bytes that hosts read and write, and passes everything on. Zeroes and discards carry no bytes and are not counted.</summary>
internal sealed class MeteredDevice(IBlockDevice inner) : IBlockDevice
{
    private long _readBytes;
    private long _writtenBytes;

    /// <summary>Bytes that hosts asked for since this was made.</summary>
    public long ReadBytes => Volatile.Read(ref _readBytes);

    /// <summary>Bytes that hosts sent since this was made.</summary>
    public long WrittenBytes => Volatile.Read(ref _writtenBytes);

    public long SizeBytes => inner.SizeBytes;

    public bool IsReadOnly => inner.IsReadOnly;

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        Interlocked.Add(ref _readBytes, buffer.Length);
        return inner.ReadAsync(offset, buffer, cancellationToken);
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, bool fua, CancellationToken cancellationToken)
    {
        Interlocked.Add(ref _writtenBytes, data.Length);
        return inner.WriteAsync(offset, data, fua, cancellationToken);
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public ValueTask DiscardAsync(long offset, long length, bool fua, CancellationToken cancellationToken) =>
        inner.DiscardAsync(offset, length, fua, cancellationToken);

    public ValueTask WriteZeroesAsync(long offset, long length, bool fua, CancellationToken cancellationToken) =>
        inner.WriteZeroesAsync(offset, length, fua, cancellationToken);

    public ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(long offset, long length, int maxExtents, CancellationToken cancellationToken) =>
        inner.GetExtentsAsync(offset, length, maxExtents, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
