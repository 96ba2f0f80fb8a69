using System.Numerics;
using Tidegate.BlockStore;
using Tidegate.GatewayAgent.Disks;

namespace Tidegate.GatewayAgent.Devices;

/// <summary>
/// Which blocks of the store the service may lack (<c>docs/formats/dirty-map.md</c>; mission 2, pass-through). Safe for several threads;
/// memory grows with the stretches of 252 MiB that hold dirty blocks (I11).
/// </summary>
/// <remarks>
/// Invariant: <see cref="_durable"/> holds only bits that the file has, of this round; every bit that is in <see cref="_bits"/> and not there is in
/// a sector of <see cref="_changed"/> or in the sync that is under way.
/// </remarks>
internal sealed partial class DirtyMap : IDisposable
{
    /// <summary>Name of the map in the volume's directory.</summary>
    public const string FileName = "dirty";
    private const int BlockBytes = BlockGeometry.BlockBytes;
    private const int SectorBlocks = DirtyMapFormat.SectorBlocks;
    private const int BitBytes = SectorBlocks / 8;

    private readonly Lock _gate = new();
    // One writer of the file at a time; taken before the gate.
    private readonly Lock _writing = new();
    private readonly string _volumeId;
    private readonly IDiskFile _file;
    private readonly GroupSync _sync;
    private readonly Dictionary<long, byte[]> _bits = [];
    private readonly Dictionary<long, byte[]> _durable = [];
    private readonly HashSet<long> _changed = [];
    private DirtyHeader _header;
    private long _blocks;
    private long _dirtyBlocks;
    private Exception? _fault;

    private DirtyMap(string volumeId, IDiskFile file, long sizeBytes, TaskScheduler worker)
    {
        (_volumeId, _file, _blocks) = (volumeId, file, BlocksOf(sizeBytes));
        _sync = new GroupSync(Sync, worker);
    }

    /// <summary>
    /// Opens the map, or makes it, with its space reserved and nothing tracked. <paramref name="mustTrack"/>: the volume's log says that blocks are
    /// tracked, so that a map that does not counts as lost. Throws <see cref="DiskFaultException"/>.
    /// </summary>
    public static DirtyMap Open(IDisk disk, string volumeId, long sizeBytes, bool mustTrack, TaskScheduler worker)
    {
        var isNew = !disk.Exists(FileName);
        var file = disk.Open(FileName);
        try
        {
            var map = new DirtyMap(volumeId, file, sizeBytes, worker);
            var wanted = DirtyMapFormat.FileBytes(map._blocks);
            var isShort = file.SizeBytes < wanted;
            var found = new byte[DirtyMapFormat.SectorBytes];
            if (file.SizeBytes >= DirtyMapFormat.HeaderBytes)
                file.Read(0, found);
            DirtyMapFormat.RefuseNewer(found);
            if (isShort)
                file.Allocate(0, wanted);
            if (DirtyMapFormat.DecodeHeader(volumeId, found) is { } header)
                map._header = header;
            else
                // A crash while it was made leaves zeroes: nothing was tracked in it.
                isNew |= !found.AsSpan().ContainsAnyExcept((byte)0);
            var isLost = mustTrack ? isShort || map._header.Reason == DirtyReason.None : isShort && map._header.Reason != DirtyReason.None;
            if (isLost || (map._header.Round == 0 && !isNew))
                map._header = map._header with { Reason = DirtyReason.CameApart, IsWhole = true };
            map.Load();
            if (isShort || DirtyMapFormat.DecodeHeader(volumeId, found) != map._header)
                map.WriteHeader(map._header with { Round = Math.Max(1, map._header.Round) });
            else if (map.IsTracking)
                map.Renew();
            if (isNew)
                disk.SyncDirectory();
            return map;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>True while blocks are tracked.</summary>
    public bool IsTracking => Reason != DirtyReason.None;

    /// <summary>Why they are.</summary>
    public DirtyReason Reason { get { lock (_gate) return _header.Reason; } }

    /// <summary>When that began; meaningless when nothing is tracked.</summary>
    public DateTimeOffset Since { get { lock (_gate) return new DateTimeOffset(_header.SinceTicks, TimeSpan.Zero); } }

    /// <summary>The image that the bits are relative to, or any later one.</summary>
    public long BaseSequence { get { lock (_gate) return _header.BaseSequence; } }

    /// <summary>What a branch holds of the dirty blocks.</summary>
    public CopiedPart Copied { get { lock (_gate) return _header.Copied; } }

    /// <summary>Dirty blocks of 64 KiB.</summary>
    public long DirtyBlocks { get { lock (_gate) return DirtyCount; } }

    private long DirtyCount => _header.Reason == DirtyReason.None ? 0 : _header.IsWhole ? _blocks : _dirtyBlocks;

    /// <summary>
    /// Begins to track, durably; with <paramref name="whole"/> every block is dirty. Where blocks are tracked already they stay so, with their base and the
    /// beginning of before, and with no branch.
    /// </summary>
    public void Begin(DirtyReason reason, long baseSequence, DateTimeOffset now, bool whole = false)
    {
        lock (_writing)
        {
            DirtyHeader next;
            lock (_gate)
            {
                var isFresh = _header.Reason == DirtyReason.None;
                next = isFresh
                    ? new DirtyHeader(reason, whole, _header.Round + 1, baseSequence, now.UtcTicks, default)
                    // What was copied may not show what is dirty from now on. All blocks are dirty whatever the image.
                    : _header with { IsWhole = _header.IsWhole || whole, BaseSequence = whole ? baseSequence : _header.BaseSequence, Copied = default };
                if (isFresh)
                    Forget();
            }
            WriteHeader(next);
        }
    }

    /// <summary>A branch takes what is dirty, over the image at a sequence, durably. One that is known keeps what it has.</summary>
    public void NoteBranch(long branch, long mainSequence)
    {
        lock (_writing)
        {
            if (IsTracking && Copied.Branch != branch)
                WriteHeader(_header with { BaseSequence = mainSequence, Copied = new CopiedPart(branch, 0, 0) });
        }
    }

    /// <summary>Ends tracking, durably: the service has everything.</summary>
    public void End()
    {
        lock (_writing)
        {
            if (!IsTracking)
                return;
            WriteHeader(_header with { Reason = DirtyReason.None, IsWhole = false, Copied = default });
            lock (_gate)
                Forget();
        }
    }

    /// <summary>Notes how far a branch holds the dirty blocks; durable soon or never. The log is durable through all that the copies show.</summary>
    public void NoteCopied(CopiedPart copied)
    {
        lock (_writing)
        {
            lock (_gate)
            {
                if (_header.Reason == DirtyReason.None)
                    return;
                _header = _header with { Copied = copied };
            }
            _file.Write(0, DirtyMapFormat.EncodeHeader(_volumeId, _header));
        }
    }

    /// <summary>Sets the bits of a range while blocks are tracked; <see cref="Sync"/> makes them durable.</summary>
    public void Mark(long offset, long length)
    {
        lock (_gate)
        {
            if (_header is { Reason: not DirtyReason.None, IsWhole: false })
                Set(offset, length);
        }
    }

    /// <summary>Sets the bits of a range; completes when they are durable, at once when they were before.</summary>
    public Task MarkAsync(long offset, long length)
    {
        lock (_gate)
        {
            if (_header.IsWhole || Set(offset, length))
                return Task.CompletedTask;
        }
        return _sync.JoinAsync();
    }

    /// <summary>Makes every bit durable that was set before; blocks.</summary>
    public void Sync()
    {
        lock (_writing)
        {
            // What a failed sync covered is not written again, so no later one may say that it is durable.
            if (_fault is not null)
                throw new IOException($"The dirty map of volume '{_volumeId}' could not be written: {_fault.Message}", _fault);
            List<(long Index, byte[] Bits)> sectors;
            uint round;
            lock (_gate)
            {
                sectors = [.. _changed.Order().Select(index => (index, _bits[index].ToArray()))];
                _changed.Clear();
                round = _header.Round;
            }
            if (sectors.Count == 0)
                return;
            try
            {
                WriteSectors(sectors, round);
            }
            catch (Exception fault)
            {
                _fault = fault;
                throw;
            }
            lock (_gate)
            {
                foreach (var (index, bits) in sectors)
                    _durable[index] = bits;
            }
        }
    }

    /// <summary>The first dirty block at or after one; -1 when there is none.</summary>
    public long NextDirty(long block)
    {
        lock (_gate)
        {
            if (_header.Reason == DirtyReason.None || block >= _blocks)
                return -1;
            if (_header.IsWhole)
                return block;
            for (; block < _blocks; block++)
            {
                if (!_bits.TryGetValue(block / SectorBlocks, out var bits))
                {
                    block = (block / SectorBlocks + 1) * SectorBlocks - 1;
                    continue;
                }
                var left = bits[block % SectorBlocks / 8] >> (int)(block % 8);
                if (left != 0)
                    return block + BitOperations.TrailingZeroCount(left) is var next && next < _blocks ? next : -1;
                block |= 7;
            }
            return -1;
        }
    }

    /// <summary>The end of the run of dirty blocks that begins with one, or of a part of it.</summary>
    public long RunEnd(long block)
    {
        lock (_gate)
        {
            if (_header.IsWhole)
                return _blocks;
            var end = block + 1;
            while (end < _blocks && end % SectorBlocks != 0 && _bits.TryGetValue(end / SectorBlocks, out var bits)
                && (bits[end % SectorBlocks / 8] & (1 << (int)(end % 8))) != 0)
                end++;
            return end;
        }
    }

    /// <summary>Dirty blocks at or after one.</summary>
    public long CountFrom(long block)
    {
        lock (_gate)
        {
            if (_header.Reason == DirtyReason.None || block >= _blocks)
                return 0;
            if (_header.IsWhole)
                return _blocks - block;
            if (block == 0)
                return _dirtyBlocks;
            var count = 0L;
            foreach (var (index, bits) in _bits)
            {
                for (var at = 0; at < BitBytes; at++)
                {
                    var first = index * SectorBlocks + at * 8L;
                    if (bits[at] != 0 && first + 8 > block)
                        count += BitOperations.PopCount((uint)bits[at] >> (int)Math.Max(0, block - first));
                }
            }
            return count;
        }
    }

    /// <summary>
    /// True when a sync of the store failed while writes went past the log, and no power was lost since: what it covered may be in the page cache alone,
    /// and marked there as written.
    /// </summary>
    public bool IsStoreUnsynced { get; private set; }

    public void Dispose() => _file.Dispose();

    private static long BlocksOf(long sizeBytes) => (sizeBytes + BlockBytes - 1) / BlockBytes;

    /// <summary>Under the gate: true when all bits of the range are durable.</summary>
    private bool Set(long offset, long length)
    {
        var isDurable = true;
        var end = (offset + length - 1) / BlockBytes;
        for (var block = offset / BlockBytes; block <= end; block++)
        {
            var (index, at, bit) = (block / SectorBlocks, (int)(block % SectorBlocks / 8), (byte)(1 << (int)(block % 8)));
            if (_durable.TryGetValue(index, out var durable) && (durable[at] & bit) != 0)
                continue;
            isDurable = false;
            if (!_bits.TryGetValue(index, out var bits))
                _bits[index] = bits = new byte[BitBytes];
            if ((bits[at] & bit) != 0)
                continue;
            bits[at] |= bit;
            _dirtyBlocks++;
            _changed.Add(index);
        }
        return isDurable;
    }

    private void Forget()
    {
        _bits.Clear();
        _durable.Clear();
        _changed.Clear();
        _dirtyBlocks = 0;
    }
}
