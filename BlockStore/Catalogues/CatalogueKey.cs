using System.Buffers.Binary;
using System.Text;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Catalogues;

/// <summary>
/// Keys of the catalogue's one ordered table: a byte for the kind of record, then fields whose byte order is their order.
/// </summary>
internal static class CatalogueKey
{
    public const byte Window = 1;
    public const byte Snapshot = 2;
    public const byte Cut = 3;
    public const byte Pin = 4;
    public const byte Tombstone = 5;
    public const byte Life = 6;
    public const byte Death = 7;
    public const byte Subtree = 8;
    public const byte Base = 9;
    public const byte Point = 10;
    public const byte Pages = 11;
    public const byte Lease = 12;
    public const byte StagedZero = 13;
    public const byte StagedDeath = 14;
    public const byte Release = 15;

    public static byte[] Of(byte kind, string text = "") => [kind, .. Encoding.ASCII.GetBytes(text)];

    public static string TextOf(ReadOnlySpan<byte> key, int at = 1) => Encoding.ASCII.GetString(key[at..]);

    public static byte[] OfCut(long sequence, string snapshotId = "") => [Cut, .. Big(sequence), .. Encoding.ASCII.GetBytes(snapshotId)];

    public static byte[] OfLife(SegmentIdentity segment) => OfSegment(Life, segment.Kind, segment.Sequence, segment.Nonce);

    public static byte[] OfSegment(byte record, SegmentKind kind, long sequence, BlobNonce nonce) =>
        [record, (byte)kind, .. Big(sequence), .. Big(nonce)];

    /// <summary>Deaths in order: a fold adds at the end, and what a cut's deletion frees stands together.</summary>
    public static byte[] OfDeath(DeathRecord death) =>
        [.. OfDeath(death.Death, death.Birth), (byte)death.Kind, .. Big(death.SegmentSequence), .. Big(death.SegmentNonce)];

    public static byte[] OfDeath(long death, long birth) => [Death, .. Big(death), .. Big(birth)];

    /// <summary>Tombstones in order of condemnation, so that those that are due stand first.</summary>
    public static byte[] OfTombstone(Tombstone tombstone) =>
        [Tombstone, .. Big(tombstone.CondemnedAt.ToUnixTimeMilliseconds()), .. Encoding.ASCII.GetBytes(tombstone.BlobKey)];

    public static DateTimeOffset TimeAt(ReadOnlySpan<byte> key, int at, string what)
    {
        var milliseconds = NumberAt(key, at);
        return milliseconds >= 0 && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : throw new CorruptDataException(what, $"its time, {milliseconds} ms, is beyond the calendar");
    }

    public static byte[] OfRelease(Hold hold) => [Release, .. Big(hold.FromSequence), .. Big(hold.ThroughSequence)];

    public static byte[] OfSequence(byte record, long sequence) => [record, .. Big(sequence)];

    public static byte[] OfPages(SegmentIdentity segment) => [Pages, .. Big(segment.Sequence), .. Big(segment.Nonce)];

    public static byte[] OfSubtree(DeadSubtree subtree) =>
        [Subtree, .. Big(subtree.Death), (byte)subtree.Level, .. Big(subtree.Number), .. Big(subtree.Page.Segment.Identity.Nonce)];

    /// <summary>By the end of the range, so that a seek finds the first that reaches past a sector.</summary>
    public static byte[] OfStagedZero(long branch, long endSector) => [StagedZero, .. Big(branch), .. Big(endSector)];

    public static byte[] OfStagedDeath(DeathRecord death) =>
        [StagedDeath, .. Big(death.Birth), (byte)death.Kind, .. Big(death.SegmentSequence), .. Big(death.SegmentNonce)];

    public static long NumberAt(ReadOnlySpan<byte> key, int at) => BinaryPrimitives.ReadInt64BigEndian(key[at..]);

    public static BlobNonce NonceAt(ReadOnlySpan<byte> key, int at) => new(BinaryPrimitives.ReadUInt128BigEndian(key[at..]));

    private static byte[] Big(long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Big(BlobNonce nonce)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, nonce.Value);
        return bytes;
    }
}
