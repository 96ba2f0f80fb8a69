using Tidegate.GatewayAgent.Disks;

namespace Tidegate.GatewayAgent.Devices;

/// <summary>
/// A file served as it is: no log, no shadowing, every flush an fdatasync of the file. It owns the file. Benchmarks compare
/// with it, and the network front ends are tested on it.
/// </summary>
internal sealed class RawFileDevice(IDiskFile file) : IBlockDevice
{
    private static readonly byte[] Zeroes = new byte[SectorSpan.Bytes];

    public long SizeBytes => file.SizeBytes;
    public bool IsReadOnly => false;

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            file.Read(offset, buffer.Span);
            return ValueTask.CompletedTask;
        }
        catch (DiskFaultException fault)
        {
            return ValueTask.FromException(DeviceFaults.Translate(fault));
        }
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, bool fua, CancellationToken cancellationToken)
    {
        try
        {
            file.Write(offset, data.Span);
            return fua ? FlushAsync(cancellationToken) : ValueTask.CompletedTask;
        }
        catch (DiskFaultException fault)
        {
            return ValueTask.FromException(DeviceFaults.Translate(fault));
        }
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken) =>
        new(Task.Run(() =>
        {
            try
            {
                file.SyncData();
            }
            catch (DiskFaultException fault)
            {
                throw DeviceFaults.Translate(fault);
            }
        }, cancellationToken));

    public ValueTask DiscardAsync(long offset, long length, bool fua, CancellationToken cancellationToken)
    {
        var (first, count) = SectorSpan.Inside(offset, length);
        return count == 0 ? Finish(fua, cancellationToken) : Change(() => file.PunchHole(first, count), fua, cancellationToken);
    }

    public ValueTask WriteZeroesAsync(long offset, long length, bool fua, CancellationToken cancellationToken) => Change(() =>
    {
        var (first, count) = SectorSpan.Inside(offset, length);
        if (count == 0)
        {
            WriteZeroBytes(offset, offset + length);
            return;
        }
        WriteZeroBytes(offset, first);
        file.PunchHole(first, count);
        WriteZeroBytes(first + count, offset + length);
    }, fua, cancellationToken);

    public ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(
        long offset, long length, int maxExtents, CancellationToken cancellationToken)
    {
        var extents = new List<BlockExtent>();
        try
        {
            for (var end = offset + length; offset < end && extents.Count < maxExtents;)
            {
                var (run, isHole) = file.NextExtent(offset);
                run = Math.Min(run, end - offset);
                extents.Add(new BlockExtent(run, isHole));
                offset += run;
            }
        }
        catch (DiskFaultException fault)
        {
            return ValueTask.FromException<IReadOnlyList<BlockExtent>>(DeviceFaults.Translate(fault));
        }
        return ValueTask.FromResult<IReadOnlyList<BlockExtent>>(extents);
    }

    public ValueTask DisposeAsync()
    {
        file.Dispose();
        return ValueTask.CompletedTask;
    }

    private ValueTask Change(Action change, bool fua, CancellationToken cancellationToken)
    {
        try
        {
            change();
            return Finish(fua, cancellationToken);
        }
        catch (DiskFaultException fault)
        {
            return ValueTask.FromException(DeviceFaults.Translate(fault));
        }
    }

    private ValueTask Finish(bool fua, CancellationToken cancellationToken) =>
        fua ? FlushAsync(cancellationToken) : ValueTask.CompletedTask;

    private void WriteZeroBytes(long from, long to)
    {
        while (from < to)
        {
            var count = (int)Math.Min(to - from, Zeroes.Length);
            file.Write(from, Zeroes.AsSpan(0, count));
            from += count;
        }
    }
}
