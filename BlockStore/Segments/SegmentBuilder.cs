using System.Buffers;
using System.Runtime.InteropServices;
using Tidegate.BlockStore.Keys;

namespace Tidegate.BlockStore.Segments;

/// <summary>
/// Turns a range of the write log into a data segment (<c>docs/formats/segment.md</c>, Sealing). Feed it the range's records in
/// log order: a later write replaces an earlier one, a discard or write of zeroes removes what it covers, and later writes stand
/// before it. The result depends on the records, the identity and the header fields alone (I8). One builder is for one thread;
/// sealing is bound by the compressor, so run several builders at once to use several cores.
/// </summary>
public sealed class SegmentBuilder : IDisposable
{
    /// <summary>Most bytes of distinct sectors that a segment can hold; a range of the log no longer than this always fits.</summary>
    public const int MaxDataBytes = SegmentFormat.MaxDataBytes;

    private const int ChunkSectors = 256;

    private readonly DataKey _key;
    private readonly LogDigest _digest;
    private readonly Dictionary<long, int> _slots = [];
    private readonly List<byte[]> _chunks = [];
    private readonly List<SegmentRange> _ranges = [];
    private int _slotCount;

    /// <summary>
    /// Starts a segment whose first record is at <paramref name="logStart"/>. <paramref name="digestKey"/> is the key of the lineage's first
    /// generation; null when that is <paramref name="key"/> itself.
    /// </summary>
    public SegmentBuilder(DataKey key, long logStart, DataKey? digestKey = null)
    {
        _key = key;
        _digest = new LogDigest(digestKey ?? key);
        LogStart = logStart;
    }

    /// <summary>First log position of the range.</summary>
    public long LogStart { get; }

    /// <summary>Bytes of sectors held now, before compression.</summary>
    public long DataBytes => (long)_slots.Count * BlockGeometry.SectorBytes;

    /// <summary>
    /// True when nothing was fed, or all of it was replaced and nothing remains: a barrier alone seals to an empty segment.
    /// </summary>
    public bool IsEmpty => _slots.Count == 0 && _ranges.Count == 0;

    /// <summary>Adds a write. Offset and length are multiples of 4096.</summary>
    public void Write(long offset, ReadOnlySpan<byte> data)
    {
        var sector = FirstSector(offset, data.Length);
        _digest.AppendWrite(offset, data);
        for (var at = 0; at < data.Length; at += BlockGeometry.SectorBytes)
        {
            ref var slot = ref CollectionsMarshal.GetValueRefOrAddDefault(_slots, sector++, out var exists);
            if (!exists)
            {
                if (DataBytes > MaxDataBytes)
                    throw new InvalidOperationException(
                        $"A segment holds at most {MaxDataBytes} bytes of sectors; seal shorter stretches of the log.");
                slot = NewSlot();
            }
            data.Slice(at, BlockGeometry.SectorBytes).CopyTo(Sector(slot));
        }
    }

    /// <summary>Adds a discard. Offset and length are multiples of 4096.</summary>
    public void Discard(long offset, long length) => AddRange(LogRecordKind.Discard, offset, length);

    /// <summary>Adds a write of zeroes. Offset and length are multiples of 4096.</summary>
    public void Zero(long offset, long length) => AddRange(LogRecordKind.Zero, offset, length);

    /// <summary>
    /// The digest that <see cref="Seal"/> would write: lets a chain be computed first and its segments be sealed in parallel.
    /// </summary>
    public SegmentDigest ComputeDigest(SegmentDigest previous, long sequence, long logEnd) =>
        _digest.Compute(previous, sequence, LogStart, logEnd);

    /// <summary>
    /// Compresses, encrypts and indexes what was fed. May be called again with another identity: the digest is the same, every
    /// byte of ciphertext another. Never seal twice under one nonce after feeding more.
    /// </summary>
    public SealedSegment Seal(
        SegmentIdentity identity, SegmentDigest previous, long logEnd, DateTimeOffset hostTimeStart, DateTimeOffset hostTimeEnd)
    {
        if (!identity.IsSealedByAgents)
            throw new ArgumentException($"Sectors are sealed to data or fill segments, not to {identity.Kind}.", nameof(identity));
        if (identity.Kind == SegmentKind.Fill && (LogStart != 0 || logEnd != 0))
            throw new ArgumentException("A fill holds nothing of the log: its positions are 0.", nameof(logEnd));
        ArgumentOutOfRangeException.ThrowIfLessThan(logEnd, LogStart);
        var sectors = _slots.Keys.ToArray();
        Array.Sort(sectors);
        var expected = SegmentFormat.HeaderBytes + (sectors.Length * BlockGeometry.SectorBytes) + SegmentFormat.HeaderBytes + SegmentFormat.TrailerBytes
            + (sectors.Length * SegmentFormat.EntryBytes) + (_ranges.Count * SegmentFormat.RangeBytes);
        using var writer = new SegmentWriter(identity, _key, expected);
        var block = ArrayPool<byte>.Shared.Rent(BlockGeometry.BlockBytes);
        for (var first = 0; first < sectors.Length;)
        {
            var number = sectors[first] / BlockGeometry.SectorsPerBlock;
            var end = first;
            ushort mask = 0;
            for (; end < sectors.Length && sectors[end] / BlockGeometry.SectorsPerBlock == number; end++)
                mask |= (ushort)(1 << (int)(sectors[end] % BlockGeometry.SectorsPerBlock));
            writer.AddFrame((uint)number, mask, Gather(sectors.AsSpan(first, end - first), block));
            first = end;
        }
        ArrayPool<byte>.Shared.Return(block);
        var digest = ComputeDigest(previous, identity.Sequence, logEnd);
        return writer.Finish(
            new SegmentHeader(identity, LogStart, logEnd, hostTimeStart, hostTimeEnd, previous, digest), SegmentRanges.Union(_ranges));
    }

    /// <summary>Gives the buffers back.</summary>
    public void Dispose()
    {
        _digest.Dispose();
        foreach (var chunk in _chunks) SegmentBuffers.Shared.Return(chunk);
        _chunks.Clear();
        _slots.Clear();
    }

    private void AddRange(LogRecordKind kind, long offset, long length)
    {
        var first = FirstSector(offset, length);
        var count = length / BlockGeometry.SectorBytes;
        _digest.AppendRange(kind, offset, length);
        if (count == 0) return;
        _ranges.Add(new SegmentRange(first, count));
        if (count <= _slots.Count)
        {
            for (var sector = first; sector < first + count; sector++) _slots.Remove(sector);
        }
        else
        {
            foreach (var sector in _slots.Keys)
                if (sector >= first && sector < first + count) _slots.Remove(sector);
        }
    }

    /// <summary>The bytes of neighbouring slots; copied together only where they do not already lie so.</summary>
    private ReadOnlySpan<byte> Gather(ReadOnlySpan<long> sectors, Span<byte> block)
    {
        var first = _slots[sectors[0]];
        var contiguous = first / ChunkSectors == (first + sectors.Length - 1) / ChunkSectors;
        for (var i = 0; contiguous && i < sectors.Length; i++) contiguous = _slots[sectors[i]] == first + i;
        if (contiguous)
            return _chunks[first / ChunkSectors].AsSpan(
                first % ChunkSectors * BlockGeometry.SectorBytes, sectors.Length * BlockGeometry.SectorBytes);
        for (var i = 0; i < sectors.Length; i++)
            Sector(_slots[sectors[i]]).CopyTo(block[(i * BlockGeometry.SectorBytes)..]);
        return block[..(sectors.Length * BlockGeometry.SectorBytes)];
    }

    private int NewSlot()
    {
        if (_slotCount % ChunkSectors == 0) _chunks.Add(SegmentBuffers.Shared.Rent(ChunkSectors * BlockGeometry.SectorBytes));
        return _slotCount++;
    }

    private Span<byte> Sector(int slot) =>
        _chunks[slot / ChunkSectors].AsSpan(slot % ChunkSectors * BlockGeometry.SectorBytes, BlockGeometry.SectorBytes);

    private static long FirstSector(long offset, long length)
    {
        if (offset < 0
            || length < 0
            || offset % BlockGeometry.SectorBytes != 0
            || length % BlockGeometry.SectorBytes != 0
            || offset > BlockGeometry.MaxVolumeBytes - length)
            throw new ArgumentException(
                $"A log record of {length} bytes at {offset} does not lie on {BlockGeometry.SectorBytes}-byte sectors within {BlockGeometry.MaxVolumeBytes} bytes.",
                nameof(offset));
        return offset / BlockGeometry.SectorBytes;
    }
}
