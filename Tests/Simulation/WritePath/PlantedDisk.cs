using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Volumes;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Tests.Kit.Disks;
using Log = Tidegate.GatewayAgent.WriteLog.WriteLog;

namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>
/// The disk as an agent with a planted bug would use it: what it does wrong is done wrong here, on the way. Also where the simulation looks on:
/// others run while a sync is under way, and nothing may come from another thread.
/// </summary>
internal sealed class PlantedDisk(SimulatedDisk disk, PlantedBug bug, PlantedDisk.Memory memory) : IDisk
{
    private const int LostEvery = 40;
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly List<(IDiskFile File, long Position, byte[] Bits)> _lateBits = [];
    private int _writes;

    /// <summary>What a bug knows from one life to the next.</summary>
    internal sealed class Memory
    {
        internal LogAnchor Applied { get; set; } = LogAnchor.Start;
        internal LogAnchor AppliedBefore { get; set; } = LogAnchor.Start;
    }

    /// <summary>Runs inside a sync of the log or the store.</summary>
    internal Action? DuringSync { get; set; }

    /// <summary>True when work has left the simulation's thread: nothing that follows means anything.</summary>
    internal bool HasStrayed { get; private set; }

    public IDiskFile Open(string name, long sizeBytes = 0)
    {
        Look();
        var file = disk.Open(name, sizeBytes);
        if (bug == PlantedBug.StaleGenerationReplayed && name == Log.FileName)
            StaleRecords.Join(file);
        return new PlantedFile(this, file, name);
    }

    public bool Exists(string name) => disk.Exists(name);

    public void Delete(string name) => disk.Delete(name);

    public void Rename(string from, string to) => disk.Rename(from, to);

    public void SyncDirectory()
    {
        Look();
        if (bug != PlantedBug.DirectorySyncSkipped)
            disk.SyncDirectory();
    }

    public IReadOnlyList<string> List() => disk.List();

    private void Look() => HasStrayed |= Environment.CurrentManagedThreadId != _thread;

    private void WriteLateBits()
    {
        foreach (var (file, position, bits) in _lateBits)
            file.Write(position, bits);
        _lateBits.Clear();
    }

    private bool LosesThisWrite() => bug == PlantedBug.WriteLost && ++_writes % LostEvery == 0;

    private sealed class PlantedFile(PlantedDisk owner, IDiskFile file, string name) : IDiskFile
    {
        private bool _hasOnlySeals = true;
        private bool _isWritten;

        private PlantedBug Bug => owner.Bug;

        public long SizeBytes => file.SizeBytes;

        public DateTimeOffset ModifiedAt => file.ModifiedAt;

        public void Read(long position, Span<byte> buffer)
        {
            owner.Look();
            file.Read(position, buffer);
            if (Bug == PlantedBug.OlderSuperblockTaken && IsSuperblock(position, buffer.Length) && LogSuperblock.Decode(buffer) is null)
                file.Read(LogSuperblock.SlotBytes - position, buffer);
        }

        public void Write(long position, ReadOnlySpan<byte> data)
        {
            owner.Look();
            if (owner.LosesThisWrite())
                return;
            // Zeroes that are written ahead, to prepare the log's space, would hide what lies there.
            if (Bug == PlantedBug.StaleGenerationReplayed && name == Log.FileName && position >= LogFile.DataStart && !data.ContainsAnyExcept((byte)0))
                return;
            if (name == Log.FileName && position >= LogFile.DataStart)
                _hasOnlySeals &= data.Length >= LogRecordHeader.Bytes && LogRecordHeader.TryDecode(data, out var header) && header.Kind == LogRecordKind.Seal;
            _isWritten = true;
            if (Bug == PlantedBug.DirtyBitAfterWrite && name == DirtyMap.FileName && position >= DirtyMapFormat.HeaderBytes)
            {
                owner._lateBits.Add((file, position, data.ToArray()));
                return;
            }
            if (IsSuperblock(position, data.Length) && LogSuperblock.Decode(data) is { } superblock)
            {
                _hasOnlySeals = false;
                var bytes = new byte[LogSuperblock.Bytes];
                Bend(superblock).Encode(bytes);
                file.Write(position, bytes);
                return;
            }
            file.Write(position, data);
            if (name == LoggedVolume.StoreFileName)
                owner.WriteLateBits();
        }

        public void WriteGather(long position, IReadOnlyList<ReadOnlyMemory<byte>> pieces) => file.WriteGather(position, pieces);

        public void SyncData()
        {
            owner.Look();
            var isSkipped = (Bug, name) is (PlantedBug.LogSyncSkipped, Log.FileName) or (PlantedBug.StoreSyncSkipped, LoggedVolume.StoreFileName)
                or (PlantedBug.PresenceSyncSkipped, PresenceMap.FileName) or (PlantedBug.DirtySyncSkipped, DirtyMap.FileName)
                || (Bug == PlantedBug.SealNotDurable && name == Log.FileName && _hasOnlySeals && _isWritten);
            (_hasOnlySeals, _isWritten) = (true, false);
            if (!isSkipped)
                Sync();
        }

        public void Allocate(long position, long length)
        {
            owner.Look();
            if (Bug == PlantedBug.LogNotReserved)
                file.SetSize(position + length);
            else
                file.Allocate(position, length);
        }

        public void PunchHole(long position, long length)
        {
            owner.Look();
            if (Bug != PlantedBug.DiscardNotApplied || name != LoggedVolume.StoreFileName)
                file.PunchHole(position, length);
        }

        public void SetSize(long sizeBytes) => file.SetSize(sizeBytes);

        public (long LengthBytes, bool IsHole) NextExtent(long position) => file.NextExtent(position);

        public void Dispose() => file.Dispose();

        private void Sync()
        {
            // The presence map is synced under its lock: nobody else gets that far meanwhile.
            owner.Disk.Plan.DuringSync = name == PresenceMap.FileName ? null : owner.DuringSync;
            try
            {
                file.SyncData();
            }
            catch (DiskFaultException) when (Bug == PlantedBug.SyncFaultSwallowed)
            {
                // That is the bug.
            }
            catch (DiskFaultException) when (Bug == PlantedBug.FailedSyncRetried)
            {
                file.SyncData();
            }
            finally
            {
                owner.Disk.Plan.DuringSync = null;
            }
        }

        private bool IsSuperblock(long position, int length) =>
            name == Log.FileName && length == LogSuperblock.Bytes && position is 0 or LogSuperblock.SlotBytes;

        private LogSuperblock Bend(LogSuperblock superblock)
        {
            switch (Bug)
            {
                case PlantedBug.ReplayBelowApplied:
                    var memory = owner.Remembered;
                    if (superblock.Applied.Position > memory.Applied.Position)
                        (memory.AppliedBefore, memory.Applied) = (memory.Applied, superblock.Applied);
                    return superblock with { Applied = memory.AppliedBefore };
                case PlantedBug.SealsForgotten:
                    return superblock with { Applied = superblock.Applied with { LastNote = -1 } };
                case PlantedBug.DamageTakenForTornTail:
                    return superblock with { SyncedSequence = 0 };
                default:
                    return superblock;
            }
        }
    }

    private PlantedBug Bug => bug;

    private SimulatedDisk Disk => disk;

    private Memory Remembered => memory;
}
