namespace Tidegate.Tests.Kit.Disks;

/// <summary>A file's pages: as seen now, and as they surely survive. Pages are replaced, never changed, once either shares them.</summary>
internal sealed class SimulatedInode
{
    internal const int PageBytes = 4096;
    internal const int SectorBytes = 512;
    private static readonly byte[] Zeroes = new byte[PageBytes];
    private readonly Dictionary<long, byte[]> _current = [];
    private readonly Dictionary<long, byte[]> _durable = [];
    private readonly HashSet<long> _dirty = [];
    /// <summary>Pages in syncs that have not returned yet: more may be on disk than before, nothing is promised.</summary>
    private readonly List<Dictionary<long, byte[]>> _syncing = [];
    private long _durableSize;

    internal bool IsOpen { get; set; }
    internal long SizeBytes { get; set; }
    /// <summary>Counts changes of pages: the time of the last one.</summary>
    internal long Changes { get; private set; }
    /// <summary>Pages that have space on the disk.</summary>
    internal HashSet<long> Allocated { get; } = [];

    internal ReadOnlySpan<byte> Page(long page) => _current.GetValueOrDefault(page, Zeroes);

    /// <summary>Changes part of a page; now and then the system writes back what is there so far, unasked.</summary>
    internal void Write(long page, int at, ReadOnlySpan<byte> data, Random random)
    {
        Changes++;
        if (_dirty.Add(page) || !_current.TryGetValue(page, out var bytes))
        {
            bytes = Page(page).ToArray();
            _current[page] = bytes;
        }
        else if (random.Next(24) == 0)
        {
            _durable[page] = Mix(Durable(page), bytes, random);
        }
        data.CopyTo(bytes.AsSpan(at));
    }

    internal void Clear(long page)
    {
        Changes++;
        _dirty.Add(page);
        _current.Remove(page);
        Allocated.Remove(page);
    }

    internal Dictionary<long, byte[]> BeginSync()
    {
        var pages = new Dictionary<long, byte[]>();
        foreach (var page in _dirty)
            pages[page] = _current.GetValueOrDefault(page, Zeroes);
        _dirty.Clear();
        _syncing.Add(pages);
        return pages;
    }

    /// <summary>A sync returns: it waits for those that began before it too.</summary>
    internal void EndSync(Dictionary<long, byte[]> pages, long sizeBytes)
    {
        var last = _syncing.IndexOf(pages);
        foreach (var (page, bytes) in _syncing.Take(last + 1).SelectMany(static earlier => earlier))
            _durable[page] = bytes;
        // An earlier one that is still under way has nothing left to write.
        for (var earlier = 0; earlier < last; earlier++)
            _syncing[earlier].Clear();
        _syncing.RemoveAt(last);
        _durableSize = Math.Max(sizeBytes, _durableSize);
    }

    /// <summary>As Linux does: the pages count as clean, and are lost unless they are written again.</summary>
    internal void FailSync() => _dirty.Clear();

    internal SimulatedInode Survive(Random random, int mode)
    {
        // Zero pages that are shared must be copied before anyone changes them.
        foreach (var (page, bytes) in _syncing.SelectMany(static pages => pages))
            Decide(page, bytes, random, mode);
        foreach (var page in _dirty)
            Decide(page, _current.GetValueOrDefault(page, Zeroes), random, mode);
        var survivor = new SimulatedInode
        {
            SizeBytes = random.Next(2) == 0 ? _durableSize : Math.Max(SizeBytes, _durableSize),
        };
        survivor._durableSize = survivor.SizeBytes;
        survivor.Changes = Changes;
        foreach (var (page, bytes) in _durable)
        {
            if (page * PageBytes >= survivor.SizeBytes || bytes.AsSpan().SequenceEqual(Zeroes))
                continue;
            survivor._durable[page] = bytes;
            survivor._current[page] = bytes;
            // A hole that was not punched durably is none.
            survivor.Allocated.Add(page);
        }
        survivor.Allocated.UnionWith(Allocated.Where(page => page * PageBytes < survivor.SizeBytes));
        return survivor;
    }

    /// <summary>The process that had it open is gone; what it wrote is where it was.</summary>
    internal void Reopen()
    {
        foreach (var pages in _syncing)
            _dirty.UnionWith(pages.Keys);
        _syncing.Clear();
        IsOpen = false;
    }

    /// <summary>The same file on another disk.</summary>
    internal SimulatedInode Copy()
    {
        var copy = new SimulatedInode { SizeBytes = SizeBytes, _durableSize = _durableSize, Changes = Changes };
        foreach (var (page, bytes) in _current)
            copy._current[page] = _dirty.Contains(page) ? bytes.ToArray() : bytes;
        foreach (var (page, bytes) in _durable)
            copy._durable[page] = bytes;
        copy._dirty.UnionWith(_dirty);
        foreach (var pages in _syncing)
            copy._dirty.UnionWith(pages.Keys);
        copy.Allocated.UnionWith(Allocated);
        return copy;
    }

    internal void Corrupt(long position, byte mask)
    {
        var page = position / PageBytes;
        var bytes = Page(page).ToArray();
        bytes[position % PageBytes] ^= mask;
        _current[page] = bytes;
        _durable[page] = bytes;
    }

    /// <summary>Puts bytes that lie in one page there, durably and behind everyone's back.</summary>
    internal void Replace(long position, ReadOnlySpan<byte> data)
    {
        var page = position / PageBytes;
        var bytes = Page(page).ToArray();
        data.CopyTo(bytes.AsSpan((int)(position % PageBytes)));
        _current[page] = bytes;
        _durable[page] = bytes;
        Allocated.Add(page);
    }

    private void Decide(long page, byte[] written, Random random, int mode)
    {
        // Whole crashes that keep or drop everything are likely too, so they get their share.
        var fate = mode < 2 ? mode : random.Next(3);
        if (fate != 0)
            _durable[page] = fate == 1 ? written.ToArray() : Mix(Durable(page), written, random);
    }

    private byte[] Durable(long page) => _durable.GetValueOrDefault(page, Zeroes);

    private static byte[] Mix(byte[] old, byte[] written, Random random)
    {
        var mixed = old.ToArray();
        for (var at = 0; at < PageBytes; at += SectorBytes)
        {
            if (random.Next(2) == 0)
                written.AsSpan(at, SectorBytes).CopyTo(mixed.AsSpan(at));
        }
        return mixed;
    }
}
