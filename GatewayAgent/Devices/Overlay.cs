namespace Tidegate.GatewayAgent.Devices;

/// <summary>
/// Where the newest bytes of each sector are that the store does not have yet: a place in the write log, or zero. It keeps
/// no data itself, the log's pages are in the page cache. Safe for several threads.
/// </summary>
/// <remarks>Invariant: a sector entry is newer than every zero range that covers it.</remarks>
internal sealed class Overlay(int maxSectors)
{
    /// <summary>No entry: the store has the sector.</summary>
    internal const long None = long.MinValue;
    private const int MaxSingleZeroes = 16;
    private const int MaxRanges = 1024;
    private readonly Lock _gate = new();
    private readonly Dictionary<long, long> _sectors = [];
    private readonly List<ZeroRange> _ranges = [];
    private int _count;

    private readonly record struct ZeroRange(long First, long End, long Place);

    /// <summary>The entry for zeroes recorded at a log position; data entries are the position of their bytes.</summary>
    internal static long ZeroAt(long position) => ~position;

    internal static bool IsZero(long entry) => entry < 0;

    /// <summary>The log position that an entry stems from.</summary>
    internal static long PositionOf(long entry) => entry < 0 ? ~entry : entry;

    internal bool IsEmpty => Volatile.Read(ref _count) == 0;

    /// <summary>True when writers must wait for applying.</summary>
    internal bool IsFull
    {
        get
        {
            lock (_gate)
                return _sectors.Count >= maxSectors || _ranges.Count >= MaxRanges;
        }
    }

    internal void SetData(long offset, long length, long dataPosition)
    {
        lock (_gate)
        {
            for (var done = 0L; done < length; done += SectorSpan.Bytes)
                _sectors[(offset + done) / SectorSpan.Bytes] = dataPosition + done;
            Count();
        }
    }

    internal void SetZero(long offset, long length, long position)
    {
        var (first, end) = (offset / SectorSpan.Bytes, (offset + length) / SectorSpan.Bytes);
        lock (_gate)
        {
            if (end - first <= MaxSingleZeroes)
            {
                for (var sector = first; sector < end; sector++)
                    _sectors[sector] = ZeroAt(position);
            }
            else
            {
                RemoveWithin(first, end);
                _ranges.Add(new ZeroRange(first, end, ZeroAt(position)));
            }
            Count();
        }
    }

    /// <summary>Fills in the entries of consecutive sectors.</summary>
    internal void Resolve(long firstSector, Span<long> entries)
    {
        lock (_gate)
        {
            for (var i = 0; i < entries.Length; i++)
                entries[i] = _sectors.GetValueOrDefault(firstSector + i, None);
            foreach (var range in _ranges)
            {
                var from = Math.Max(range.First, firstSector);
                var to = Math.Min(range.End, firstSector + entries.Length);
                for (var sector = from; sector < to; sector++)
                {
                    ref var entry = ref entries[(int)(sector - firstSector)];
                    if (entry == None)
                        entry = range.Place;
                }
            }
        }
    }

    /// <summary>Forgets data entries that still are the given ones: the store has their bytes now.</summary>
    internal void RemoveData(long offset, long length, long dataPosition)
    {
        lock (_gate)
        {
            for (var done = 0L; done < length; done += SectorSpan.Bytes)
                RemoveIf((offset + done) / SectorSpan.Bytes, dataPosition + done);
            Count();
        }
    }

    internal void RemoveZero(long offset, long length, long position)
    {
        var (first, end) = (offset / SectorSpan.Bytes, (offset + length) / SectorSpan.Bytes);
        lock (_gate)
        {
            if (end - first <= MaxSingleZeroes)
            {
                for (var sector = first; sector < end; sector++)
                    RemoveIf(sector, ZeroAt(position));
            }
            else
            {
                _ranges.RemoveAll(range => range.Place == ZeroAt(position));
            }
            Count();
        }
    }

    /// <summary>The runs of entries inside a range of sectors, in order and without overlap, as (first, end, zero).</summary>
    internal List<(long First, long End, bool IsZero)> Runs(long first, long end)
    {
        var runs = new List<(long First, long End, bool IsZero)>();
        var singles = new List<(long Sector, bool IsZero)>();
        var ranges = new List<ZeroRange>();
        lock (_gate)
        {
            foreach (var (sector, entry) in _sectors)
            {
                if (sector >= first && sector < end)
                    singles.Add((sector, IsZero(entry)));
            }
            foreach (var range in _ranges)
            {
                if (range.First < end && range.End > first)
                    ranges.Add(new ZeroRange(Math.Max(first, range.First), Math.Min(end, range.End), 0));
            }
        }
        singles.Sort(static (left, right) => left.Sector.CompareTo(right.Sector));
        ranges.Sort(static (left, right) => left.First.CompareTo(right.First));
        var covered = first;
        var next = 0;
        foreach (var range in ranges)
        {
            next = AddSingles(runs, singles, next, range.First);
            covered = Math.Max(covered, range.First);
            while (next < singles.Count && singles[next].Sector < range.End)
            {
                Add(runs, covered, singles[next].Sector, isZero: true);
                Add(runs, singles[next].Sector, singles[next].Sector + 1, singles[next].IsZero);
                covered = Math.Max(covered, singles[next].Sector + 1);
                next++;
            }
            Add(runs, covered, range.End, isZero: true);
            covered = Math.Max(covered, range.End);
        }
        AddSingles(runs, singles, next, end);
        return runs;
    }

    private static int AddSingles(List<(long, long, bool)> runs, List<(long Sector, bool IsZero)> singles, int next, long limit)
    {
        for (; next < singles.Count && singles[next].Sector < limit; next++)
            Add(runs, singles[next].Sector, singles[next].Sector + 1, singles[next].IsZero);
        return next;
    }

    private static void Add(List<(long First, long End, bool IsZero)> runs, long first, long end, bool isZero)
    {
        if (first >= end)
            return;
        if (runs.Count > 0 && runs[^1].End == first && runs[^1].IsZero == isZero)
            runs[^1] = (runs[^1].First, end, isZero);
        else
            runs.Add((first, end, isZero));
    }

    private void RemoveWithin(long first, long end)
    {
        if (end - first <= _sectors.Count)
        {
            for (var sector = first; sector < end; sector++)
                _sectors.Remove(sector);
            return;
        }
        foreach (var sector in _sectors.Keys)
        {
            // Removing does not invalidate this enumeration.
            if (sector >= first && sector < end)
                _sectors.Remove(sector);
        }
    }

    private void RemoveIf(long sector, long entry)
    {
        if (_sectors.TryGetValue(sector, out var present) && present == entry)
            _sectors.Remove(sector);
    }

    private void Count() => Volatile.Write(ref _count, _sectors.Count + _ranges.Count);
}
