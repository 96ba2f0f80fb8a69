using Tidegate.BlockStore;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;

namespace Tidegate.GatewayAgent.Verification;

/// <summary>
/// Reads a dirty map (<c>docs/formats/dirty-map.md</c>) without changing it. A block that is dirty may have been written past the log: what the log last
/// wrote there says nothing of the store.
/// </summary>
internal sealed class TrackedBlocks : IDisposable
{
    private readonly IDiskFile? _file;
    private readonly DirtyHeader _header;
    private readonly byte[] _sector = new byte[DirtyMapFormat.SectorBytes];
    private readonly byte[] _bits = new byte[DirtyMapFormat.SectorBlocks / 8];
    private long _loaded = -1;

    private TrackedBlocks(IDiskFile? file, DirtyHeader header, bool isDamaged) => (_file, _header, IsDamaged) = (file, header, isDamaged);

    /// <summary>True when the header cannot be read: the agent counts every block as dirty then, and copies it.</summary>
    public bool IsDamaged { get; }

    /// <summary>Why blocks are tracked.</summary>
    public DirtyReason Reason => _header.Reason;

    /// <summary>A volume without a map tracks nothing. Throws <see cref="InvalidDataException"/> for a newer format.</summary>
    public static TrackedBlocks Open(IDisk disk, string volumeId)
    {
        if (!disk.Exists(DirtyMap.FileName)) return new TrackedBlocks(null, default, isDamaged: false);
        var file = disk.Open(DirtyMap.FileName);
        try
        {
            var header = new byte[DirtyMapFormat.SectorBytes];
            if (file.SizeBytes >= DirtyMapFormat.HeaderBytes) file.Read(0, header);
            DirtyMapFormat.RefuseNewer(header);
            if (!header.AsSpan().ContainsAnyExcept((byte)0)) return new TrackedBlocks(file, default, isDamaged: false);
            return DirtyMapFormat.DecodeHeader(volumeId, header) is { } known
                ? new TrackedBlocks(file, known, isDamaged: false)
                : new TrackedBlocks(file, default, isDamaged: true);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>True when the block of a byte may have been written past the log.</summary>
    public bool IsDirty(long position)
    {
        if (IsDamaged) return true;
        if (_file is null || _header.Reason == DirtyReason.None) return false;
        if (_header.IsWhole) return true;
        var block = position / BlockGeometry.BlockBytes;
        var (index, bit) = (block / DirtyMapFormat.SectorBlocks, (int)(block % DirtyMapFormat.SectorBlocks));
        if (index != _loaded)
        {
            var at = DirtyMapFormat.HeaderBytes + index * DirtyMapFormat.SectorBytes;
            if (at + DirtyMapFormat.SectorBytes > _file.SizeBytes) return true;
            _file.Read(at, _sector);
            DirtyMapFormat.DecodeSector(index, _header.Round, _sector, _bits);
            _loaded = index;
        }
        return (_bits[bit / 8] >> (bit % 8) & 1) != 0;
    }

    public void Dispose() => _file?.Dispose();
}
