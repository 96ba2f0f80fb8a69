using Tidegate.BlockStore;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Segments;

namespace Tidegate.Tests.Fuzz.Targets;

/// <summary>The names and keys that the golden vectors were made with.</summary>
internal static class Fixed
{
    public static readonly LineageId Owner = new("123456789012", "vol-0123456789abcdef0123");
    public static readonly DataKey Key = new(Enumerable.Range(0, 32).Select(number => (byte)number).ToArray());
    public static readonly Keyring Ring = new Keyring().Add(Owner, 1, Key);
    public static readonly SegmentReference Map = new(new SegmentIdentity(SegmentKind.Map, Owner, 1, 0, 3, new BlobNonce(5)), 2000);

    public static byte[] Hex(string vector) => Convert.FromHexString(vector);

    /// <summary>The first frame of a golden segment, opened.</summary>
    public static byte[] FrameOf(string vector, int index = 0)
    {
        var blob = Hex(vector);
        var identity = SegmentFormat.ReadHeader(blob, "golden").Identity;
        var reader = SegmentReader.Open(blob, new SegmentReference(identity, blob.Length), Ring);
        var entry = reader.Index.Entries[index];
        var plain = new byte[entry.PlainBytes];
        reader.OpenFrame(index, blob.AsSpan(entry.Offset, entry.StoredBytes), plain);
        return plain;
    }
}
