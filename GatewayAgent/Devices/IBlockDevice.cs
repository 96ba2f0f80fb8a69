namespace Tidegate.GatewayAgent.Devices;

/// <summary>
/// A stackable block device: what a session serves and every layer of the stack implements. Offsets and lengths are
/// bytes; a session checks them against <see cref="SizeBytes"/> before it calls, and a layer may rely on that. Requests
/// may be concurrent; two overlapping requests in flight have no order (as on a disk). A completed write is visible to
/// every later read; it is durable after a completed <see cref="FlushAsync"/> that began later, or at once with <c>fua</c>.
/// </summary>
/// <remarks>Failures are <see cref="BlockDeviceException"/> with an errno that the front ends pass on.</remarks>
internal interface IBlockDevice : IAsyncDisposable
{
    /// <summary>Size; grows when the volume grows, never shrinks.</summary>
    long SizeBytes { get; }
    /// <summary>True when writes are refused with EPERM.</summary>
    bool IsReadOnly { get; }
    ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken);
    ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, bool fua, CancellationToken cancellationToken);
    ValueTask FlushAsync(CancellationToken cancellationToken);
    /// <summary>The range reads as zero afterwards where it covers whole sectors; edges are left alone.</summary>
    ValueTask DiscardAsync(long offset, long length, bool fua, CancellationToken cancellationToken);
    /// <summary>The range reads as zero afterwards, to the byte.</summary>
    ValueTask WriteZeroesAsync(long offset, long length, bool fua, CancellationToken cancellationToken);
    /// <summary>
    /// Describes a range for block status: extents in order that cover at least the start of it, at most
    /// <paramref name="maxExtents"/>; a hole reads as zero.
    /// </summary>
    ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(long offset, long length, int maxExtents, CancellationToken cancellationToken);
}
