using System.Numerics;

namespace Tidegate.GatewayAgent.Devices;

// The file: what is read of it and written to it.
internal sealed partial class DirtyMap
{
    /// <summary>Makes room for a volume that is about to grow, durably.</summary>
    public void Grow(long sizeBytes)
    {
        lock (_writing)
        {
            var blocks = BlocksOf(sizeBytes);
            if (_file.SizeBytes < DirtyMapFormat.FileBytes(blocks))
            {
                _file.Allocate(0, DirtyMapFormat.FileBytes(blocks));
                _file.SyncData();
            }
            lock (_gate)
                _blocks = Math.Max(_blocks, blocks);
        }
    }

    /// <summary>
    /// Notes that the store could not be synced, or that all of it was written again. Not durable, and need not be: it lives as long as the page cache that
    /// it is about.
    /// </summary>
    public void NoteStoreUnsynced(bool isUnsynced)
    {
        _file.Write(DirtyMapFormat.UnsyncedAt, DirtyMapFormat.EncodeUnsynced(isUnsynced));
        IsStoreUnsynced = isUnsynced;
    }

    private void WriteSectors(List<(long Index, byte[] Bits)> sectors, uint round)
    {
        Span<byte> sector = stackalloc byte[DirtyMapFormat.SectorBytes];
        foreach (var (index, bits) in sectors)
        {
            sector.Clear();
            bits.CopyTo(DirtyMapFormat.BitsOf(sector));
            DirtyMapFormat.SealSector(index, round, sector);
            _file.Write(DirtyMapFormat.HeaderBytes + index * DirtyMapFormat.SectorBytes, sector);
        }
        _file.SyncData();
    }

    private void WriteHeader(DirtyHeader header)
    {
        _file.Write(0, DirtyMapFormat.EncodeHeader(_volumeId, header));
        _file.SyncData();
        lock (_gate)
            _header = header;
    }

    /// <summary>Writes again what was found: a failed sync of an earlier process may have left it in the page cache alone.</summary>
    private void Renew()
    {
        WriteSectors([.. _bits.OrderBy(static sector => sector.Key).Select(static sector => (sector.Key, sector.Value))], _header.Round);
        WriteHeader(_header);
    }

    private void Load()
    {
        var mark = new byte[DirtyMapFormat.SectorBytes];
        _file.Read(DirtyMapFormat.UnsyncedAt, mark);
        IsStoreUnsynced = DirtyMapFormat.DecodeUnsynced(mark);
        if (_header.Reason == DirtyReason.None || _header.IsWhole)
            return;
        var sector = new byte[DirtyMapFormat.SectorBytes];
        for (var index = 0L; index * SectorBlocks < _blocks; index++)
        {
            var bits = new byte[BitBytes];
            _file.Read(DirtyMapFormat.HeaderBytes + index * DirtyMapFormat.SectorBytes, sector);
            DirtyMapFormat.DecodeSector(index, _header.Round, sector, bits);
            // Bits past the end are nothing's.
            for (var block = Math.Max(_blocks, index * SectorBlocks); block < (index + 1) * SectorBlocks; block++)
                bits[block % SectorBlocks / 8] &= (byte)~(1 << (int)(block % 8));
            if (!bits.AsSpan().ContainsAnyExcept((byte)0))
                continue;
            (_bits[index], _durable[index]) = (bits, bits.ToArray());
            foreach (var one in bits)
                _dirtyBlocks += BitOperations.PopCount(one);
        }
    }
}
