using System.Buffers;
using Tidegate.GatewayAgent.WriteLog;

namespace Tidegate.GatewayAgent.Devices;

/// <summary>Changes: one append each where they cover whole sectors, read-modify-write under a held range at unaligned edges.</summary>
internal sealed partial class LoggedVolume
{
    private const int MaxPieceBytes = LogRecordHeader.MaxPayloadBytes;
    private TaskCompletionSource? _progress;

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, bool fua, CancellationToken cancellationToken)
    {
        if (data.Length is 0 or > MaxPieceBytes || !SectorSpan.IsAligned(offset, data.Length))
            return WriteUnevenAsync(offset, data, fua, cancellationToken);
        try
        {
            var crc = Crc32C.Compute(data.Span);
            return TryAppend(LogRecordKind.Write, offset, data.Length, data.Span, crc, holdsRange: false, out _)
                ? Finish(fua, cancellationToken)
                : AppendThenFinishAsync(LogRecordKind.Write, offset, data.Length, data, crc, fua, cancellationToken);
        }
        catch (BlockDeviceException stopped)
        {
            return ValueTask.FromException(stopped);
        }
    }

    public ValueTask DiscardAsync(long offset, long length, bool fua, CancellationToken cancellationToken)
    {
        var (first, count) = SectorSpan.Inside(offset, length);
        return count == 0
            ? Finish(fua, cancellationToken)
            : AppendThenFinishAsync(LogRecordKind.Discard, first, count, default, crc: 0, fua, cancellationToken);
    }

    public ValueTask WriteZeroesAsync(long offset, long length, bool fua, CancellationToken cancellationToken) =>
        length > 0 && SectorSpan.IsAligned(offset, length)
            ? AppendThenFinishAsync(LogRecordKind.Zeroes, offset, length, default, crc: 0, fua, cancellationToken)
            : ZeroUnevenAsync(offset, length, fua, cancellationToken);

    private ValueTask Finish(bool fua, CancellationToken cancellationToken) =>
        fua ? FlushAsync(cancellationToken) : ValueTask.CompletedTask;

    private async ValueTask AppendThenFinishAsync(
        LogRecordKind kind, long offset, long length, ReadOnlyMemory<byte> data, uint crc, bool fua, CancellationToken cancellationToken)
    {
        await AppendAsync(kind, offset, length, data, crc, holdsRange: false, cancellationToken);
        await Finish(fua, cancellationToken);
    }

    private async ValueTask WriteUnevenAsync(long offset, ReadOnlyMemory<byte> data, bool fua, CancellationToken cancellationToken)
    {
        for (var end = offset + data.Length; offset < end;)
        {
            var pieceEnd = Math.Min(end, SectorSpan.Down(offset) + MaxPieceBytes);
            var piece = data[..(int)(pieceEnd - offset)];
            if (SectorSpan.IsAligned(offset, piece.Length))
                await AppendAsync(LogRecordKind.Write, offset, piece.Length, piece, Crc32C.Compute(piece.Span), holdsRange: false, cancellationToken);
            else
                await WidenAsync(offset, piece, cancellationToken);
            data = data[piece.Length..];
            offset = pieceEnd;
        }
        await Finish(fua, cancellationToken);
    }

    private async ValueTask ZeroUnevenAsync(long offset, long length, bool fua, CancellationToken cancellationToken)
    {
        var (first, count) = SectorSpan.Inside(offset, length);
        var end = offset + length;
        if (count == 0)
        {
            await WidenAsync(offset, new byte[length], cancellationToken);
        }
        else
        {
            if (offset < first)
                await WidenAsync(offset, new byte[first - offset], cancellationToken);
            await AppendAsync(LogRecordKind.Zeroes, first, count, default, 0, holdsRange: false, cancellationToken);
            if (first + count < end)
                await WidenAsync(first + count, new byte[end - first - count], cancellationToken);
        }
        await Finish(fua, cancellationToken);
    }

    /// <summary>Read-modify-write of the whole sectors around a piece, alone in that range.</summary>
    private async ValueTask WidenAsync(long offset, ReadOnlyMemory<byte> piece, CancellationToken cancellationToken)
    {
        if (piece.Length == 0)
            return;
        var first = SectorSpan.Down(offset);
        var length = (int)(SectorSpan.Up(offset + piece.Length) - first);
        var held = await HoldAsync(first, length, cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var whole = buffer.AsMemory(0, length);
            if (first < offset)
                await ReadAsync(first, whole[..SectorSpan.Bytes], cancellationToken);
            if (SectorSpan.Up(offset + piece.Length) > offset + piece.Length && (length > SectorSpan.Bytes || first == offset))
                await ReadAsync(first + length - SectorSpan.Bytes, whole[^SectorSpan.Bytes..], cancellationToken);
            piece.CopyTo(whole[(int)(offset - first)..]);
            await AppendAsync(LogRecordKind.Write, first, length, whole, Crc32C.Compute(whole.Span), holdsRange: true, cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            lock (_order)
                _ranges.Release(held);
        }
    }

    /// <summary>
    /// Writes whole sectors as they are once more, so that they enter the log and a new segment: nothing that a host reads changes, and
    /// nothing that it writes meanwhile is overtaken, because the range is held between reading and appending.
    /// </summary>
    public async ValueTask RefreshAsync(long offset, int length, CancellationToken cancellationToken)
    {
        var held = await HoldAsync(offset, length, cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var whole = buffer.AsMemory(0, length);
            await ReadAsync(offset, whole, cancellationToken);
            await AppendAsync(LogRecordKind.Write, offset, length, whole, Crc32C.Compute(whole.Span), holdsRange: true, cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            lock (_order)
                _ranges.Release(held);
        }
    }

    private async ValueTask<RangeLock.Held> HoldAsync(long offset, long length, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task? obstacle;
            lock (_order)
            {
                obstacle = _ranges.Obstacle(offset, length);
                if (obstacle is null)
                    return _ranges.Take(offset, length);
            }
            await obstacle.WaitAsync(cancellationToken);
        }
    }

    private async ValueTask AppendAsync(
        LogRecordKind kind, long offset, long length, ReadOnlyMemory<byte> data, uint crc, bool holdsRange, CancellationToken cancellationToken)
    {
        while (!TryAppend(kind, offset, length, data.Span, crc, holdsRange, out var obstacle))
        {
            if (obstacle is not null)
                await obstacle.WaitAsync(cancellationToken);
            else if (!IsPast)
                await Log.WaitForRoomAsync(data.Length, isNote: false, cancellationToken);
            else if (await TryPassAsync(kind, offset, length, data, holdsRange))
                return;
        }
    }

    /// <summary>
    /// False when changes are held, the range is, the overlay is full (all: what to wait for), or the log is or changes go past it (null).
    /// </summary>
    private bool TryAppend(
        LogRecordKind kind, long offset, long length, ReadOnlySpan<byte> data, uint crc, bool holdsRange, out Task? obstacle)
    {
        lock (_order)
        {
            obstacle = _held?.Task ?? (holdsRange ? null : _ranges.Obstacle(offset, length));
            if (obstacle is not null || _isPast)
                return false;
            if (!_overlay.IsFull)
            {
                if (!Log.TryAppend(kind, offset, length, data, crc, out var position))
                    return false;
                if (kind == LogRecordKind.Write)
                    _overlay.SetData(offset, length, position + LogRecordHeader.Bytes);
                else
                    _overlay.SetZero(offset, length, position);
                return true;
            }
            Log.ThrowIfNoRoomIsComing();
            _progress ??= StarterScheduler.NewSource();
            obstacle = _progress.Task;
        }
        // Only durable records leave the overlay.
        Log.StartSync();
        WakeApply();
        return false;
    }
}
