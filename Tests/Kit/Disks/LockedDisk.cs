using Tidegate.GatewayAgent.Disks;

namespace Tidegate.Tests.Kit.Disks;

/// <summary>Lets several threads use a <see cref="SimulatedDisk"/>: one call at a time.</summary>
internal sealed class LockedDisk(SimulatedDisk disk) : IDisk
{
    private readonly Lock _gate = new();

    internal SimulatedDisk Inner => disk;

    /// <summary>An empty disk that goes wrong nowhere until its plan says so.</summary>
    internal static LockedDisk Seeded(int seed) => new(new SimulatedDisk(new Random(seed), new SimulatedDiskPlan()));

    public IDiskFile Open(string name, long sizeBytes = 0)
    {
        lock (_gate)
            return new LockedFile(disk.Open(name, sizeBytes), _gate);
    }

    public bool Exists(string name)
    {
        lock (_gate)
            return disk.Exists(name);
    }

    public void Delete(string name)
    {
        lock (_gate)
            disk.Delete(name);
    }

    public void Rename(string from, string to)
    {
        lock (_gate)
            disk.Rename(from, to);
    }

    public void SyncDirectory()
    {
        lock (_gate)
            disk.SyncDirectory();
    }

    public IReadOnlyList<string> List()
    {
        lock (_gate)
            return disk.List();
    }

    /// <summary>Power is lost now and comes back.</summary>
    internal LockedDisk Restart(SimulatedDiskPlan plan)
    {
        lock (_gate)
            return new LockedDisk(disk.Restart(plan));
    }

    private sealed class LockedFile(IDiskFile file, Lock gate) : IDiskFile
    {
        public long SizeBytes
        {
            get { lock (gate) return file.SizeBytes; }
        }

        public DateTimeOffset ModifiedAt
        {
            get { lock (gate) return file.ModifiedAt; }
        }

        public void Read(long position, Span<byte> buffer)
        {
            lock (gate)
                file.Read(position, buffer);
        }

        public void Write(long position, ReadOnlySpan<byte> data)
        {
            lock (gate)
                file.Write(position, data);
        }

        public void WriteGather(long position, IReadOnlyList<ReadOnlyMemory<byte>> pieces)
        {
            lock (gate)
                file.WriteGather(position, pieces);
        }

        public void SyncData()
        {
            lock (gate)
                file.SyncData();
        }

        public void Allocate(long position, long length)
        {
            lock (gate)
                file.Allocate(position, length);
        }

        public void PunchHole(long position, long length)
        {
            lock (gate)
                file.PunchHole(position, length);
        }

        public void SetSize(long sizeBytes)
        {
            lock (gate)
                file.SetSize(sizeBytes);
        }

        public (long LengthBytes, bool IsHole) NextExtent(long position)
        {
            lock (gate)
                return file.NextExtent(position);
        }

        public void Dispose()
        {
            lock (gate)
                file.Dispose();
        }
    }
}
