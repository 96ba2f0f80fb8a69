using Tidegate.GatewayAgent.Disks;

namespace Tidegate.Tests.Kit.Disks;

/// <summary>An open file of a <see cref="SimulatedDisk"/>.</summary>
internal sealed class SimulatedFile(SimulatedDisk disk, SimulatedInode inode, string name) : IDiskFile
{
    private const int PageBytes = SimulatedInode.PageBytes;

    public long SizeBytes => inode.SizeBytes;

    public DateTimeOffset ModifiedAt => DateTimeOffset.UnixEpoch.AddTicks(inode.Changes);

    public void Read(long position, Span<byte> buffer)
    {
        disk.CountRead("pread", name);
        if (position + buffer.Length > inode.SizeBytes)
            throw new DiskFaultException("pread past the end", name, 5);
        while (buffer.Length > 0)
        {
            var at = (int)(position % PageBytes);
            var count = Math.Min(PageBytes - at, buffer.Length);
            inode.Page(position / PageBytes).Slice(at, count).CopyTo(buffer);
            buffer = buffer[count..];
            position += count;
        }
    }

    public void Write(long position, ReadOnlySpan<byte> data)
    {
        var bytes = data.ToArray();
        disk.Count(
            "pwrite", name, () => Put(position, bytes.AsSpan(0, SectorsOf(position, disk.Random.Next(bytes.Length + 1)))),
            needsDisk: disk.Plan.CachedSector != (name, position));
        if (!disk.LosesThisWrite())
            Put(position, bytes);
    }

    public void WriteGather(long position, IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
        var whole = new byte[pieces.Sum(piece => piece.Length)];
        var at = 0;
        foreach (var piece in pieces)
        {
            piece.CopyTo(whole.AsMemory(at));
            at += piece.Length;
        }
        Write(position, whole);
    }

    public void SyncData()
    {
        try
        {
            disk.Count("fdatasync", name, () => inode.BeginSync());
        }
        catch (DiskFaultException)
        {
            inode.FailSync();
            throw;
        }
        if (disk.Plan.IgnoresSyncOf == name)
            return;
        var size = inode.SizeBytes;
        var pages = inode.BeginSync();
        disk.Plan.DuringSync?.Invoke();
        disk.ThrowIfCrashed();
        inode.EndSync(pages, size);
    }

    public void Allocate(long position, long length)
    {
        disk.Count("fallocate", name);
        disk.ReservePages(inode, name, position / PageBytes, (position + length + PageBytes - 1) / PageBytes);
        inode.SizeBytes = Math.Max(inode.SizeBytes, position + length);
    }

    public void PunchHole(long position, long length)
    {
        disk.Count("fallocate (punch hole)", name);
        if (position % PageBytes != 0 || length % PageBytes != 0)
            throw new DiskFaultException("fallocate (punch hole)", name, 22);
        for (var page = position / PageBytes; page < (position + length) / PageBytes; page++)
            inode.Clear(page);
    }

    public void SetSize(long sizeBytes)
    {
        disk.Count("ftruncate", name);
        if (sizeBytes < inode.SizeBytes)
            throw new DiskFaultException("ftruncate", name, 22);
        inode.SizeBytes = sizeBytes;
    }

    public (long LengthBytes, bool IsHole) NextExtent(long position)
    {
        disk.CountRead("lseek", name);
        var isHole = !inode.Allocated.Contains(position / PageBytes);
        var end = (position / PageBytes + 1) * PageBytes;
        while (end < inode.SizeBytes && inode.Allocated.Contains(end / PageBytes) != isHole)
            end += PageBytes;
        return (Math.Min(end, inode.SizeBytes) - position, isHole);
    }

    public void Dispose() => inode.IsOpen = false;

    /// <summary>A page is copied under its lock: what a cut leaves of a write ends with a sector.</summary>
    private static int SectorsOf(long position, int bytes) =>
        (int)Math.Max(0, (position + bytes) / SimulatedInode.SectorBytes * SimulatedInode.SectorBytes - position);

    private void Put(long position, ReadOnlySpan<byte> data)
    {
        if (data.Length == 0)
            return;
        disk.ReservePages(inode, name, position / PageBytes, (position + data.Length + PageBytes - 1) / PageBytes);
        inode.SizeBytes = Math.Max(inode.SizeBytes, position + data.Length);
        while (data.Length > 0)
        {
            var at = (int)(position % PageBytes);
            var count = Math.Min(PageBytes - at, data.Length);
            inode.Write(position / PageBytes, at, data[..count], disk.Random);
            data = data[count..];
            position += count;
        }
    }
}
