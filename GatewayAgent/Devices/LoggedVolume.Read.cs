using Tidegate.GatewayAgent.Disks;

namespace Tidegate.GatewayAgent.Devices;

/// <summary>Reads: the overlay first, then the store.</summary>
internal sealed partial class LoggedVolume
{
    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return TryRead(offset, buffer.Span, out var missing)
                ? ValueTask.CompletedTask
                : ReadAbsentAsync(offset, buffer, missing, cancellationToken);
        }
        catch (DiskFaultException fault)
        {
            return ValueTask.FromException(DeviceFaults.Translate(fault));
        }
    }

    public ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(
        long offset, long length, int maxExtents, CancellationToken cancellationToken)
    {
        try
        {
            return ValueTask.FromResult<IReadOnlyList<BlockExtent>>(FindExtents(offset, length, maxExtents));
        }
        catch (DiskFaultException fault)
        {
            return ValueTask.FromException<IReadOnlyList<BlockExtent>>(DeviceFaults.Translate(fault));
        }
    }

    private async ValueTask ReadAbsentAsync(
        long offset, Memory<byte> buffer, (long Offset, long Length) missing, CancellationToken cancellationToken)
    {
        try
        {
            do
                await _absent!.EnsurePresentAsync(missing.Offset, missing.Length, cancellationToken);
            while (!TryRead(offset, buffer.Span, out missing));
        }
        catch (DiskFaultException fault)
        {
            throw DeviceFaults.Translate(fault);
        }
    }

    /// <summary>False when the store lacks a range, which is then <paramref name="missing"/>.</summary>
    private bool TryRead(long offset, Span<byte> buffer, out (long Offset, long Length) missing)
    {
        missing = default;
        if (_overlay.IsEmpty)
            return TryReadStore(offset, buffer, ref missing);
        Span<long> entries = stackalloc long[ResolveSectors];
        while (buffer.Length > 0)
        {
            var first = offset / SectorSpan.Bytes;
            var end = Math.Min(offset + buffer.Length, (first + ResolveSectors) * SectorSpan.Bytes);
            var part = buffer[..(int)(end - offset)];
            if (!TryReadPart(offset, part, entries[..(int)(SectorSpan.Up(end) / SectorSpan.Bytes - first)], ref missing))
                return false;
            buffer = buffer[part.Length..];
            offset = end;
        }
        return true;
    }

    private bool TryReadPart(long offset, Span<byte> part, Span<long> entries, ref (long Offset, long Length) missing)
    {
        var firstSector = offset / SectorSpan.Bytes;
        while (true)
        {
            _overlay.Resolve(firstSector, entries);
            var oldest = long.MaxValue;
            for (var at = 0; at < entries.Length;)
            {
                var run = RunLength(entries[at..]);
                var from = Math.Max(offset, (firstSector + at) * SectorSpan.Bytes);
                var to = Math.Min(offset + part.Length, (firstSector + at + run) * SectorSpan.Bytes);
                var target = part[(int)(from - offset)..(int)(to - offset)];
                if (entries[at] == Overlay.None)
                {
                    if (!TryReadStore(from, target, ref missing))
                        return false;
                }
                else if (Overlay.IsZero(entries[at]))
                {
                    target.Clear();
                }
                else
                {
                    oldest = Math.Min(oldest, entries[at]);
                    Log.ReadData(entries[at] + (from - (firstSector + at) * SectorSpan.Bytes), target);
                }
                at += run;
            }
            // Space before the tail may have been overwritten while it was read; then the store has these bytes by now.
            if (Log.Tail <= oldest)
                return true;
        }
    }

    /// <summary>How many sectors from the start on are read in one go: all from the store, all zero, or consecutive in the log.</summary>
    private static int RunLength(ReadOnlySpan<long> entries)
    {
        var first = entries[0];
        var run = 1;
        if (first == Overlay.None)
        {
            while (run < entries.Length && entries[run] == Overlay.None)
                run++;
        }
        else if (Overlay.IsZero(first))
        {
            while (run < entries.Length && entries[run] != Overlay.None && Overlay.IsZero(entries[run]))
                run++;
        }
        else
        {
            while (run < entries.Length && entries[run] == first + (long)run * SectorSpan.Bytes)
                run++;
        }
        return run;
    }

    private bool TryReadStore(long offset, Span<byte> target, ref (long Offset, long Length) missing)
    {
        if (_absent is not null)
        {
            var first = SectorSpan.Down(offset);
            var length = SectorSpan.Up(offset + target.Length) - first;
            if (!_absent.IsPresent(first, length))
            {
                missing = (first, length);
                return false;
            }
        }
        _store.Read(offset, target);
        return true;
    }

    private List<BlockExtent> FindExtents(long offset, long length, int maxExtents)
    {
        var extents = new List<BlockExtent>();
        var end = offset + length;
        // The overlay first: what leaves it meanwhile is in the store by then.
        var runs = _overlay.IsEmpty ? [] : _overlay.Runs(offset / SectorSpan.Bytes, SectorSpan.Up(end) / SectorSpan.Bytes);
        var next = 0;
        while (offset < end)
        {
            while (next < runs.Count && runs[next].End * SectorSpan.Bytes <= offset)
                next++;
            var inRun = next < runs.Count && runs[next].First * SectorSpan.Bytes <= offset;
            var limit = next >= runs.Count ? end : Math.Min(end, (inRun ? runs[next].End : runs[next].First) * SectorSpan.Bytes);
            var (run, isHole) = inRun ? (limit - offset, runs[next].IsZero) : StoreExtent(offset, limit - offset);
            if (extents.Count > 0 && extents[^1].IsHole == isHole)
                extents[^1] = new BlockExtent(extents[^1].LengthBytes + run, isHole);
            else if (extents.Count < maxExtents)
                extents.Add(new BlockExtent(run, isHole));
            else
                break;
            offset += run;
        }
        return extents;
    }

    private (long LengthBytes, bool IsHole) StoreExtent(long offset, long length)
    {
        // What is not here yet is unknown, which block status calls data.
        if (_absent is not null && !_absent.IsPresent(SectorSpan.Down(offset), SectorSpan.Up(offset + length) - SectorSpan.Down(offset)))
            return (length, false);
        var (run, isHole) = _store.NextExtent(offset);
        return run <= 0 ? (length, false) : (Math.Min(run, length), isHole);
    }
}
