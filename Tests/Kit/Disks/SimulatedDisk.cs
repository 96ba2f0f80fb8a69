using Tidegate.GatewayAgent.Disks;

namespace Tidegate.Tests.Kit.Disks;

/// <summary>
/// One directory in memory that loses power as real disks do: of what was not synced each 4 KiB page is kept, dropped, or
/// torn by 512-byte sectors, independently; creates, renames and deletes hold only in order and surely only after a
/// directory sync. Deterministic for its random source; not for several threads.
/// </summary>
internal sealed class SimulatedDisk(Random random, SimulatedDiskPlan plan) : IDisk
{
    private readonly Dictionary<string, SimulatedInode> _names = [];
    private readonly Dictionary<string, SimulatedInode> _durableNames = [];
    private readonly List<Action<Dictionary<string, SimulatedInode>>> _unsyncedChanges = [];
    private int _writes;

    internal Random Random { get; } = random;

    internal SimulatedDiskPlan Plan { get; } = plan;

    /// <summary>Changing calls so far.</summary>
    internal int Calls { get; private set; }

    /// <summary>Reads so far.</summary>
    internal int Reads { get; private set; }

    /// <summary>Syncs of files so far.</summary>
    internal int Syncs { get; private set; }

    /// <summary>True while a test looks at files: its reads neither count nor fail.</summary>
    internal bool IsWatched { get; set; }

    internal bool HasCrashed { get; private set; }

    /// <summary>True when a call has failed as planned.</summary>
    internal bool HasFailed { get; private set; }

    internal long UsedPages => _names.Values.Distinct().Sum(inode => (long)inode.Allocated.Count);

    public IDiskFile Open(string name, long sizeBytes = 0)
    {
        ThrowIfCrashed();
        if (!_names.TryGetValue(name, out var inode))
        {
            Count("open", name);
            inode = new SimulatedInode();
            Change(names => names[name] = inode);
        }
        if (inode.IsOpen)
            throw new DiskFaultException("lock (is another agent using it?)", name, 11);
        inode.IsOpen = true;
        var file = new SimulatedFile(this, inode, name);
        if (sizeBytes > file.SizeBytes)
            file.SetSize(sizeBytes);
        return file;
    }

    public bool Exists(string name)
    {
        ThrowIfCrashed();
        return _names.ContainsKey(name);
    }

    public void Delete(string name)
    {
        Count("unlink", name);
        Change(names => names.Remove(name));
    }

    public void Rename(string from, string to)
    {
        Count("rename", from);
        if (!_names.ContainsKey(from))
            throw new DiskFaultException("rename", from, 2);
        Change(names =>
        {
            if (names.Remove(from, out var inode))
                names[to] = inode;
        });
    }

    public void SyncDirectory()
    {
        Count("fsync", ".");
        if (Plan.IgnoresDirectorySync)
            return;
        foreach (var change in _unsyncedChanges)
            change(_durableNames);
        _unsyncedChanges.Clear();
    }

    public IReadOnlyList<string> List()
    {
        ThrowIfCrashed();
        return [.. _names.Keys.Order(StringComparer.Ordinal)];
    }

    /// <summary>Power comes back: a disk with what survived, and a plan of its own. This one is dead.</summary>
    internal SimulatedDisk Restart(SimulatedDiskPlan plan)
    {
        HasCrashed = true;
        for (var kept = Random.Next(_unsyncedChanges.Count + 1); kept > 0; kept--)
        {
            _unsyncedChanges[0](_durableNames);
            _unsyncedChanges.RemoveAt(0);
        }
        var restarted = new SimulatedDisk(Random, plan);
        var mode = Random.Next(4);
        foreach (var (name, inode) in _durableNames)
        {
            var survivor = inode.Survive(Random, mode);
            restarted._names[name] = survivor;
            restarted._durableNames[name] = survivor;
        }
        return restarted;
    }

    /// <summary>The process is gone and another takes the disk, with all that was written. This one is dead.</summary>
    internal SimulatedDisk Reopen(SimulatedDiskPlan plan)
    {
        HasCrashed = true;
        var reopened = new SimulatedDisk(Random, plan);
        reopened._unsyncedChanges.AddRange(_unsyncedChanges);
        foreach (var (name, inode) in _names)
        {
            inode.Reopen();
            reopened._names[name] = inode;
        }
        foreach (var (name, inode) in _durableNames)
            reopened._durableNames[name] = inode;
        return reopened;
    }

    /// <summary>A disk with the same files, as they are read now, where nothing goes wrong.</summary>
    internal SimulatedDisk Copy(Random random)
    {
        var copy = new SimulatedDisk(random, new SimulatedDiskPlan());
        foreach (var (name, inode) in _names)
            copy._names[name] = copy._durableNames[name] = inode.Copy();
        return copy;
    }

    /// <summary>A write of one sector went to another place of its file: there it is, and where it belongs is what was before, nothing.</summary>
    internal void Misdirect(string name, long from, long to, int length)
    {
        var inode = _names[name];
        var sector = inode.Page(from / SimulatedInode.PageBytes).Slice((int)(from % SimulatedInode.PageBytes), length).ToArray();
        inode.Replace(to, sector);
    }

    /// <summary>Flips a bit in a file behind everyone's back.</summary>
    internal void Corrupt(string name, long position) => _names[name].Corrupt(position, (byte)(1 << Random.Next(8)));

    /// <summary>Bytes of a file; 0 when there is none.</summary>
    internal long SizeOf(string name) => _names.TryGetValue(name, out var inode) ? inode.SizeBytes : 0;

    internal void ThrowIfCrashed()
    {
        if (HasCrashed)
            throw new SimulatedCrashException();
    }

    /// <summary>Counts a changing call; it may be the one that fails, or the last. True: make half of it, then crash.</summary>
    internal void Count(string operation, string file, Action? half = null, bool needsDisk = true)
    {
        ThrowIfCrashed();
        Calls++;
        if (Calls >= Plan.CrashAtCall)
        {
            half?.Invoke();
            HasCrashed = true;
            throw new SimulatedCrashException();
        }
        if (operation == "fdatasync" && Plan.SyncErrors.TryGetValue(++Syncs, out var failed))
        {
            HasFailed = true;
            throw new DiskFaultException(operation, file, failed);
        }
        if (needsDisk && Plan.Errors.TryGetValue(Calls, out var errno))
        {
            HasFailed = true;
            throw new DiskFaultException(operation, file, errno);
        }
    }

    /// <summary>Counts a read; it may be the one that fails.</summary>
    internal void CountRead(string operation, string file)
    {
        ThrowIfCrashed();
        if (IsWatched)
            return;
        Reads++;
        if (Plan.ReadErrors.TryGetValue(Reads, out var errno))
        {
            HasFailed = true;
            throw new DiskFaultException(operation, file, errno);
        }
    }

    internal bool LosesThisWrite() => Plan.LosesWriteEvery > 0 && ++_writes % Plan.LosesWriteEvery == 0;

    internal void ReservePages(SimulatedInode inode, string file, long first, long end)
    {
        long missing = 0;
        for (var page = first; page < end; page++)
            missing += inode.Allocated.Contains(page) ? 0 : 1;
        if (missing > 0 && Plan.CapacityPages != long.MaxValue && UsedPages + missing > Plan.CapacityPages)
            throw new DiskFaultException("pwrite", file, 28);
        for (var page = first; missing > 0 && page < end; page++)
            inode.Allocated.Add(page);
    }

    private void Change(Action<Dictionary<string, SimulatedInode>> change)
    {
        change(_names);
        _unsyncedChanges.Add(change);
    }
}
