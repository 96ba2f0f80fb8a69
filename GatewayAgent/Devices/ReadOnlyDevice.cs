namespace Tidegate.GatewayAgent.Devices;

/// <summary>Refuses every change with EPERM and passes the rest on. A flush has nothing to do and succeeds.</summary>
internal sealed class ReadOnlyDevice(IBlockDevice inner) : IBlockDevice
{
    public long SizeBytes => inner.SizeBytes;
    public bool IsReadOnly => true;

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        inner.ReadAsync(offset, buffer, cancellationToken);

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, bool fua, CancellationToken cancellationToken) => Refused();

    public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask DiscardAsync(long offset, long length, bool fua, CancellationToken cancellationToken) => Refused();

    public ValueTask WriteZeroesAsync(long offset, long length, bool fua, CancellationToken cancellationToken) => Refused();

    public ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(
        long offset, long length, int maxExtents, CancellationToken cancellationToken) =>
        inner.GetExtentsAsync(offset, length, maxExtents, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private static ValueTask Refused() => ValueTask.FromException(
        new BlockDeviceException(DeviceError.NotPermitted, "The export is read-only; attach it writable to change it."));
}
