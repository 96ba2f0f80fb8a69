using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Tidegate.GatewayAgent.WriteLog;

namespace Tidegate.GatewayAgent.Volumes;

// The file: what is read of it, and how its parts are made.
internal sealed partial class PresenceMap
{
    /// <summary>
    /// What was read may be in the page cache alone, where a failed sync leaves it as if it were written: an earlier process may have met one. What is
    /// relied on is written again.
    /// </summary>
    private void Renew(byte[] found)
    {
        found.CopyTo(_header, 0);
        _file.Write(0, _header.AsSpan(0, SectorBytes));
        _file.SyncData();
    }

    private byte[] PageBytes(int index)
    {
        var blocksHere = (int)Math.Min(PageBlocks, _blocks - (long)index * PageBlocks);
        return MemoryMarshal.AsBytes(_pages[index].AsSpan(0, blocksHere)).ToArray();
    }

    private void Load()
    {
        var bytes = new byte[PageBlocks * sizeof(ushort)];
        var end = HeaderBytes + 2 * _blocks;
        for (long position = HeaderBytes; position < end;)
        {
            var (length, isHole) = _file.NextExtent(position);
            if (isHole)
            {
                position += Math.Max(length, 1);
                continue;
            }
            var index = (int)((position - HeaderBytes) / bytes.Length);
            var start = HeaderBytes + (long)index * bytes.Length;
            var piece = bytes.AsSpan(0, (int)Math.Min(bytes.Length, end - start));
            _file.Read(start, piece);
            LoadPage(index, MemoryMarshal.Cast<byte, ushort>(piece));
            // Written again with the next marks: see Renew.
            if (_pages[index] is not null)
                _dirty.Add(index);
            position = start + bytes.Length;
        }
    }

    private void LoadPage(int index, ReadOnlySpan<ushort> masks)
    {
        for (var i = 0; i < masks.Length; i++)
        {
            if (masks[i] != 0)
                SetBits((long)index * PageBlocks + i, masks[i]);
        }
    }

    private void Check(ReadOnlySpan<byte> found, string volumeId)
    {
        if (!IsSealed(found))
            throw Damaged(volumeId);
        if (BinaryPrimitives.ReadUInt16LittleEndian(found[8..]) != 1)
            throw new InvalidDataException($"The presence map of volume '{volumeId}' has a format this agent does not know; install the newer agent.");
        if (!found[16..88].SequenceEqual(_header.AsSpan(16, 72)))
            throw new InvalidDataException($"The presence map in the directory of volume '{volumeId}' belongs to another volume, size or snapshot.");
        IsComplete = BinaryPrimitives.ReadUInt16LittleEndian(found[10..]) == 1;
    }

    private static InvalidDataException Damaged(string volumeId) => new(
        $"The presence map of volume '{volumeId}' is damaged; the volume is not served, and nothing of it was changed. Restore its newest snapshot to a new volume.");

    private static byte[] Header(string volumeId, string snapshotId, long sizeBytes)
    {
        var header = new byte[HeaderBytes];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), 1);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(16), sizeBytes);
        SHA256.HashData(Encoding.ASCII.GetBytes(volumeId), header.AsSpan(24, 32));
        SHA256.HashData(Encoding.ASCII.GetBytes(snapshotId), header.AsSpan(56, 32));
        SealHeader(header);
        return header;
    }

    private static bool IsSealed(ReadOnlySpan<byte> header) =>
        header.StartsWith(Magic) && Crc32C.Compute(header[..88]) == BinaryPrimitives.ReadUInt32LittleEndian(header[88..]);

    private static void SealHeader(Span<byte> header) =>
        BinaryPrimitives.WriteUInt32LittleEndian(header[(SealedHeaderBytes - 4)..], Crc32C.Compute(header[..(SealedHeaderBytes - 4)]));
}
