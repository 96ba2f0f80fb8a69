using Tidegate.BlockStore;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Segments;

namespace Tidegate.Tests.Unit.BlockStore.Segments;

/// <summary>One volume's key, names and times, and a model of what a segment means.</summary>
internal static class SegmentFixture
{
    public static readonly LineageId Owner = new("123456789012", "vol-0123456789abcdef0123");
    public static readonly DataKey Key = new(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray());
    public static readonly Keyring Ring = new Keyring().Add(Owner, 1, Key);
    public static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);

    public static SealedSegment Seal(
        this SegmentBuilder builder, INonceSource nonces, long sequence = 1, long epoch = 1, SegmentDigest? previous = null,
        long? logEnd = null) =>
        builder.Seal(
            SegmentIdentity.NewData(Owner, 1, epoch, sequence, nonces), previous ?? SegmentDigest.None,
            logEnd ?? builder.LogStart + 100, Start, Start.AddSeconds(1));

    public static byte[] Bytes(int seed, int length, bool compressible = true)
    {
        var bytes = new byte[length];
        var random = new Random(seed);
        if (!compressible) random.NextBytes(bytes);
        else for (var i = 0; i < length; i++) bytes[i] = (byte)(random.Next(4) + (i / 512));
        return bytes;
    }

    /// <summary>Applies an opened segment to a flat image the way the document says: ranges, then frames.</summary>
    public static void Apply(SegmentReader reader, ReadOnlyMemory<byte> blob, Span<byte> image)
    {
        foreach (var range in reader.Index.Ranges)
            image.Slice((int)(range.FirstSector * BlockGeometry.SectorBytes), (int)(range.SectorCount * BlockGeometry.SectorBytes)).Clear();
        for (var i = 0; i < reader.Index.Entries.Count; i++)
        {
            var entry = reader.Index.Entries[i];
            var plain = new byte[entry.PlainBytes];
            reader.OpenFrame(i, blob.Span.Slice(entry.Offset, entry.StoredBytes), plain);
            var at = 0;
            for (var sector = 0; sector < BlockGeometry.SectorsPerBlock; sector++)
            {
                if ((entry.Mask & (1 << sector)) == 0) continue;
                plain.AsSpan(at, BlockGeometry.SectorBytes).CopyTo(
                    image[(int)((entry.Block * (long)BlockGeometry.BlockBytes) + (sector * BlockGeometry.SectorBytes))..]);
                at += BlockGeometry.SectorBytes;
            }
        }
    }
}
