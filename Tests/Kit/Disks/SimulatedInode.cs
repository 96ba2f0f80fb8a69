namespace Tidegate.Tests.Kit.Disks;

/// <summary>A file's pages: as seen now, and as they surely survive. Pages are replaced, never changed, once either shares them.</summary>
internal sealed class SimulatedInode
{
    internal const int PageBytes = 4096;
    private const int SectorBytes = 512;
    private static readonly byte[] Zeroes = new byte[PageBytes];
    private readonly Dictionary<long, byte[]> _current = [];
    private readonly Dictionary<long, byte[]> _durable = [];
    private readonly HashSet<long> _dirty = [];
    /// <summary>Pages in a sync that has not returned yet: more may be on disk than before, nothing is promised.</summary>
    private Dictionary<long, byte[]> _syncing = [];
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

    internal void BeginSync()
    {
        _syncing = [];
        foreach (var page in _dirty)
            _syncing[page] = _current.GetValueOrDefault(page, Zeroes);
        _dirty.Clear();
    }

    internal void EndSync(long sizeBytes)
    {
        foreach (var (page, bytes) in _syncing)
            _durable[page] = bytes;
        _syncing = [];
        _durableSize = Math.Max(sizeBytes, _durableSize);
    }

    /// <summary>As Linux does: the pages count as clean, and are lost unless they are written again.</summary>
    internal void FailSync() => _dirty.Clear();

    internal SimulatedInode Survive(Random random, int mode)
    {
        // Zero pages that are shared must be copied before anyone changes them.
        foreach (var (page, bytes) in _syncing)
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
        }
        survivor.Allocated.UnionWith(Allocated.Where(page => page * PageBytes < survivor.SizeBytes));
        return survivor;
    }

    internal void Corrupt(long position, byte mask)
    {
        var page = position / PageBytes;
        var bytes = Page(page).ToArray();
        bytes[position % PageBytes] ^= mask;
        _current[page] = bytes;
        _durable[page] = bytes;
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
