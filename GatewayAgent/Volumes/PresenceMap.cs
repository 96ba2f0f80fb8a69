using System.Buffers.Binary;
using Tidegate.BlockStore;
using Tidegate.GatewayAgent.Disks;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>
/// Which sectors of a restoring volume are in the local store (<c>docs/formats/presence-map.md</c>, M2.9). Marks take effect for
/// readers at once; a mark reaches the file only after the store was synced behind it. Thread-safe; memory grows with partly
/// present 128 MiB stretches alone (I11).
/// </summary>
/// <remarks>
/// Invariant: a mark is settled (in a page) when the sector's bytes are synced, or when a log record that a recovery would
/// apply again holds them: marks of the second kind may reach the file early.
/// </remarks>
internal sealed partial class PresenceMap : IDisposable
{
    public const string FileName = "presence";
    private const int HeaderBytes = 4096;
    private const int SealedHeaderBytes = 92;
    private const int SectorBytes = 512;
    private const int PageBlocks = 2048;
    private const ushort AllSectors = ushort.MaxValue;
    private static ReadOnlySpan<byte> Magic => "TGPRES01"u8;
    private static readonly ushort[] FullPage = Filled();

    private readonly Lock _gate = new();
    private readonly IDiskFile _file;
    private readonly byte[] _header;
    private readonly long _blocks;
    private readonly ushort _lastBlockMask;
    private readonly ushort[]?[] _pages;
    private readonly int[] _fullBlocks;
    private readonly Lock _writing = new();
    private readonly HashSet<int> _dirty = [];
    private readonly Dictionary<long, ushort> _fetched = [];
    private long _settledSectors;
    private long _fetchedSectors;
    private volatile bool _isComplete;

    private PresenceMap(IDiskFile file, byte[] header, long sizeBytes)
    {
        _file = file;
        _header = header;
        SizeBytes = sizeBytes;
        _blocks = (sizeBytes + BlockGeometry.BlockBytes - 1) / BlockGeometry.BlockBytes;
        var lastSectors = (int)((sizeBytes - (_blocks - 1) * BlockGeometry.BlockBytes) / BlockGeometry.SectorBytes);
        _lastBlockMask = (ushort)((1 << lastSectors) - 1);
        _pages = new ushort[]?[(_blocks + PageBlocks - 1) / PageBlocks];
        _fullBlocks = new int[_pages.Length];
    }

    /// <summary>Size of the volume when its restore began, a multiple of 4096. What it has grown by since was never absent.</summary>
    public long SizeBytes { get; }

    /// <summary>64 KiB blocks of the volume; the last may be short.</summary>
    public long Blocks => _blocks;

    /// <summary>Every sector is in the store and the file says so.</summary>
    public bool IsComplete { get => _isComplete; private set => _isComplete = value; }

    /// <summary>Bytes in the local store.</summary>
    public long PresentBytes
    {
        get { lock (_gate) return IsComplete ? SizeBytes : Math.Min(SizeBytes, (_settledSectors + _fetchedSectors) * BlockGeometry.SectorBytes); }
    }

    /// <summary>
    /// Opens the map or creates it, empty and durable, for a volume of <paramref name="sizeBytes"/>; one that was smaller when its restore
    /// began keeps its map. Throws <see cref="InvalidDataException"/> when the file belongs to something else or its header is damaged, and when
    /// it is missing, empty or cut although the volume <paramref name="wasServed"/>: an empty map would bring the snapshot back over what was
    /// written since.
    /// </summary>
    public static PresenceMap Open(IDisk disk, string volumeId, string snapshotId, long sizeBytes, bool wasServed)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(sizeBytes % BlockGeometry.SectorBytes, 0);
        ArgumentOutOfRangeException.ThrowIfLessThan(sizeBytes, BlockGeometry.SectorBytes);
        var header = Header(volumeId, snapshotId, sizeBytes);
        var isNew = !disk.Exists(FileName);
        var blocks = (sizeBytes + BlockGeometry.BlockBytes - 1) / BlockGeometry.BlockBytes;
        if (isNew && wasServed)
            throw Damaged(volumeId);
        var file = disk.Open(FileName, wasServed ? 0 : HeaderBytes + 2 * blocks);
        try
        {
            var found = new byte[HeaderBytes];
            if (file.SizeBytes >= HeaderBytes)
                file.Read(0, found);
            // A crash between create and the first sync leaves a file of zeroes: nothing was served from it.
            if (!wasServed && (isNew || found.AsSpan().IndexOfAnyExcept((byte)0) < 0))
            {
                file.Write(0, header);
                file.SyncData();
                disk.SyncDirectory();
                found = header;
            }
            else if (BinaryPrimitives.ReadInt64LittleEndian(found.AsSpan(16)) is var began && IsSealed(found)
                && began >= BlockGeometry.SectorBytes && began % BlockGeometry.SectorBytes == 0 && began < sizeBytes)
            {
                header = Header(volumeId, snapshotId, began);
                sizeBytes = began;
            }
            var map = new PresenceMap(file, header, sizeBytes);
            map.Check(found, volumeId);
            if (!map.IsComplete && file.SizeBytes < HeaderBytes + 2 * map.Blocks)
                throw Damaged(volumeId);
            if (!map.IsComplete)
                map.Load();
            map.Renew(found);
            return map;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Mask of the block's sectors that are present; past the end of the volume counts as present.</summary>
    public ushort Mask(long block)
    {
        lock (_gate)
            return IsComplete || block >= _blocks ? AllSectors : MaskOf(block);
    }

    /// <summary>The first block at or after <paramref name="block"/> that lacks a sector; -1 when there is none.</summary>
    public long NextAbsent(long block)
    {
        lock (_gate)
        {
            while (!IsComplete && block < _blocks)
            {
                if (ReferenceEquals(_pages[block / PageBlocks], FullPage))
                    block = (block / PageBlocks + 1) * PageBlocks;
                else if (MaskOf(block) != AllSectors)
                    return block;
                else
                    block++;
            }
            return -1;
        }
    }

    /// <summary>Marks sectors that applying the log has written. <see cref="Sync"/> them before the log's space is freed.</summary>
    public void MarkWritten(long block, ushort sectors)
    {
        lock (_gate)
        {
            if (!IsComplete && block < _blocks)
                Settle(block, sectors);
        }
    }

    /// <summary>Marks sectors that hydration has written. Readers see them at once; the file does only after <see cref="SettleFetched"/>.</summary>
    public void MarkFetched(long block, ushort sectors)
    {
        lock (_gate)
        {
            var missing = (ushort)(sectors & ~(IsComplete ? AllSectors : MaskOf(block)));
            if (missing == 0)
                return;
            _fetched[block] = (ushort)(_fetched.GetValueOrDefault(block) | missing);
            _fetchedSectors += ushort.PopCount(missing);
        }
    }

    /// <summary>
    /// Marks whole blocks that are zero in the image, as they are in the store. In memory alone: after a restart the image says
    /// it again, and a sparse volume's map stays sparse.
    /// </summary>
    public void MarkZero(long first, long count)
    {
        lock (_gate)
        {
            if (IsComplete)
                return;
            for (var end = Math.Min(_blocks, first + count); first < end;)
            {
                var index = (int)(first / PageBlocks);
                var pageEnd = Math.Min((index + 1L) * PageBlocks, _blocks);
                if (first == (long)index * PageBlocks && end >= pageEnd && _pages[index] is null)
                {
                    _pages[index] = FullPage;
                    _fullBlocks[index] = (int)(pageEnd - first);
                    _settledSectors += pageEnd == _blocks
                        ? (SizeBytes - first * BlockGeometry.BlockBytes) / BlockGeometry.SectorBytes
                        : (long)PageBlocks * BlockGeometry.SectorsPerBlock;
                    first = pageEnd;
                }
                else
                {
                    SetBits(first++, AllSectors);
                }
            }
        }
    }

    /// <summary>What hydration has marked so far: sync the store, then <see cref="SettleFetched"/> it.</summary>
    public IReadOnlyList<KeyValuePair<long, ushort>> CollectFetched()
    {
        lock (_gate)
            return [.. _fetched];
    }

    /// <summary>Lets marks go to the file with the next <see cref="Sync"/>. The store must have been synced since they were collected.</summary>
    public void SettleFetched(IReadOnlyList<KeyValuePair<long, ushort>> marks)
    {
        lock (_gate)
        {
            foreach (var (block, sectors) in marks)
            {
                Settle(block, sectors);
                var left = (ushort)(_fetched.GetValueOrDefault(block) & ~sectors);
                _fetchedSectors -= ushort.PopCount((ushort)(_fetched.GetValueOrDefault(block) & sectors));
                if (left == 0)
                    _fetched.Remove(block);
                else
                    _fetched[block] = left;
            }
        }
    }

    /// <summary>Writes settled marks and syncs the file. Blocks.</summary>
    public void Sync()
    {
        lock (_writing)
        {
            List<(int Index, byte[] Bytes)> pages;
            lock (_gate)
            {
                if (IsComplete || _dirty.Count == 0)
                    return;
                pages = [.. _dirty.Select(index => (index, PageBytes(index)))];
                _dirty.Clear();
            }
            try
            {
                foreach (var (index, bytes) in pages)
                    _file.Write(HeaderBytes + (long)index * PageBlocks * sizeof(ushort), bytes);
                _file.SyncData();
            }
            catch
            {
                // Whoever tries again, on a disk that was full, must write them all.
                lock (_gate)
                    _dirty.UnionWith(pages.Select(static page => page.Index));
                throw;
            }
        }
    }

    /// <summary>Declares the restore finished. Every sector is present and the store has been synced since the last mark.</summary>
    public void Complete()
    {
        lock (_writing)
        {
            lock (_gate)
            {
                if (IsComplete)
                    return;
                if (_fetched.Count > 0 || _settledSectors != SizeBytes / BlockGeometry.SectorBytes)
                    throw new InvalidOperationException("The presence map still lacks sectors.");
            }
            BinaryPrimitives.WriteUInt16LittleEndian(_header.AsSpan(10), 1);
            SealHeader(_header);
            _file.Write(0, _header.AsSpan(0, SectorBytes));
            _file.SyncData();
            lock (_gate)
            {
                IsComplete = true;
                Array.Clear(_pages);
            }
            // The masks mean nothing any more; giving their space back is a courtesy.
            _file.PunchHole(HeaderBytes, (2 * _blocks + HeaderBytes - 1) / HeaderBytes * HeaderBytes);
        }
    }

    public void Dispose() => _file.Dispose();

    private ushort MaskOf(long block)
    {
        var mask = _pages[block / PageBlocks]?[block % PageBlocks] ?? 0;
        if (_fetched.Count > 0)
            mask |= _fetched.GetValueOrDefault(block);
        return block == _blocks - 1 ? (ushort)(mask | ~_lastBlockMask) : mask;
    }

    private void Settle(long block, ushort sectors)
    {
        if (SetBits(block, sectors))
            _dirty.Add((int)(block / PageBlocks));
    }

    private bool SetBits(long block, ushort sectors)
    {
        var valid = block == _blocks - 1 ? _lastBlockMask : AllSectors;
        var index = (int)(block / PageBlocks);
        var old = _pages[index]?[block % PageBlocks] ?? 0;
        var now = (ushort)(old | (sectors & valid));
        if (now == old)
            return false;
        var page = _pages[index] ??= new ushort[PageBlocks];
        page[block % PageBlocks] = now;
        _settledSectors += ushort.PopCount((ushort)(now & ~old));
        if (now == valid)
            CountFull(index);
        return true;
    }

    private void CountFull(int index)
    {
        var blocksHere = (int)Math.Min(PageBlocks, _blocks - (long)index * PageBlocks);
        // A full page is one shared array: what memory keeps is proportional to the partly present stretches.
        if (++_fullBlocks[index] == blocksHere)
            _pages[index] = FullPage;
    }

    private static ushort[] Filled()
    {
        var page = new ushort[PageBlocks];
        Array.Fill(page, AllSectors);
        return page;
    }
}
