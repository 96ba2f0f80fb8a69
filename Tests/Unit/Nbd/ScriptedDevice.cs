using System.Collections.Concurrent;
using Tidegate.GatewayAgent.Devices;

namespace Tidegate.Tests.Unit.Nbd;

/// <summary>
/// A device in memory whose requests can be held, made to fail and counted. <see cref="Before"/> runs at the start of each
/// request; the task it returns decides when and whether the request goes on.
/// </summary>
internal sealed class ScriptedDevice(int sizeBytes, bool isReadOnly = false) : IBlockDevice
{
    private byte[] _bytes = new byte[sizeBytes];
    private bool[] _isData = new bool[sizeBytes / 512];
    private readonly Lock _gate = new();

    public ConcurrentQueue<string> Requests { get; } = new();

    public Func<string, CancellationToken, Task> Before { get; set; } = (_, _) => Task.CompletedTask;

    public long SizeBytes { get; private set; } = sizeBytes;

    public bool IsReadOnly => isReadOnly;

    public byte[] Contents
    {
        get
        {
            lock (_gate)
                return [.. _bytes];
        }
    }

    public void Grow(int newSizeBytes)
    {
        lock (_gate)
        {
            Array.Resize(ref _bytes, newSizeBytes);
            Array.Resize(ref _isData, newSizeBytes / 512);
            SizeBytes = newSizeBytes;
        }
    }

    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await EnterAsync($"read {offset} {buffer.Length}", cancellationToken);
        lock (_gate)
            _bytes.AsSpan((int)offset, buffer.Length).CopyTo(buffer.Span);
    }

    public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, bool fua, CancellationToken cancellationToken)
    {
        await EnterAsync($"write {offset} {data.Length}{(fua ? " fua" : "")}", cancellationToken);
        lock (_gate)
        {
            data.Span.CopyTo(_bytes.AsSpan((int)offset));
            Mark(offset, data.Length, isData: true);
        }
    }

    public async ValueTask FlushAsync(CancellationToken cancellationToken) => await EnterAsync("flush", cancellationToken);

    public ValueTask DiscardAsync(long offset, long length, bool fua, CancellationToken cancellationToken) =>
        ZeroAsync("discard", offset, length, fua, cancellationToken);

    public ValueTask WriteZeroesAsync(long offset, long length, bool fua, CancellationToken cancellationToken) =>
        ZeroAsync("zero", offset, length, fua, cancellationToken);

    public async ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(long offset, long length, int maxExtents, CancellationToken cancellationToken)
    {
        await EnterAsync($"extents {offset} {length} {maxExtents}", cancellationToken);
        List<BlockExtent> extents = [];
        lock (_gate)
        {
            // One extent a sector, and whole sectors: joining and clipping are the session's part.
            for (var sector = offset / 512; sector * 512 < offset + length && extents.Count < Math.Max(maxExtents, 1) * 8; sector++)
                extents.Add(new BlockExtent(sector == offset / 512 ? 512 - offset % 512 : 512, !_isData[sector]));
        }
        return extents;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async ValueTask ZeroAsync(string name, long offset, long length, bool fua, CancellationToken cancellationToken)
    {
        await EnterAsync($"{name} {offset} {length}{(fua ? " fua" : "")}", cancellationToken);
        lock (_gate)
        {
            _bytes.AsSpan((int)offset, (int)length).Clear();
            Mark(offset, length, isData: false);
        }
    }

    private Task EnterAsync(string request, CancellationToken cancellationToken)
    {
        Requests.Enqueue(request);
        return Before(request, cancellationToken);
    }

    private void Mark(long offset, long length, bool isData)
    {
        for (var sector = offset / 512; sector * 512 < offset + length; sector++)
            _isData[sector] = isData;
    }
}
