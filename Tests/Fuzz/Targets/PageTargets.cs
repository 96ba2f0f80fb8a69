using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Fuzz.Engine;
using Tidegate.Tests.Unit.BlockStore.Golden;

namespace Tidegate.Tests.Fuzz.Targets;

/// <summary>Pages of maps and catalogues, and a catalogue's records (<c>docs/formats/map.md</c>, <c>catalogue.md</c>).</summary>
internal static class PageTargets
{
    private static readonly Action<byte[]>[] Records =
    [
        static bytes => PinRecord.Decode("vol-clone", bytes),
        static bytes => SnapshotRecord.Decode("snap-1", bytes),
        static bytes => LeaseRecord.Decode("lease", bytes),
        static bytes => RecoveryWindow.Decode(bytes),
        static bytes => Tombstone.Decode(DateTimeOffset.UnixEpoch, "key", bytes),
        static bytes => DeathRecord.Decode(bytes),
        static bytes => DeadSubtree.DecodePage(bytes),
        static bytes => SegmentLife.Decode(Fixed.Owner, SegmentKind.Data, 3, new BlobNonce(4), bytes),
        static bytes => ReleaseRecord.Decode(default, bytes),
    ];

    public static FuzzTarget MapPage() => new(
        "map-page", [Fixed.Hex(GoldenVectors.MapLeaf), Fixed.Hex(GoldenVectors.MapInterior)],
        static bytes => BlockStore.Maps.MapPage.Decode(bytes, Fixed.Map, "page"), typeof(CorruptDataException));

    /// <summary>The level is what the parent's entry said: either may come.</summary>
    public static FuzzTarget CataloguePage() => new(
        "catalogue-page", [Fixed.Hex(GoldenVectors.CataloguePage), Fixed.FrameOf(GoldenVectors.RelocationTable)],
        static bytes => BlockStore.Catalogues.CataloguePage.Decode(bytes, Fixed.Map, bytes.Length > 8 ? Math.Min(bytes[8], (byte)2) : 0, "page"), typeof(CorruptDataException));

    /// <summary>One byte for the kind of record, then the record.</summary>
    public static FuzzTarget CatalogueRecord()
    {
        var time = DateTimeOffset.UnixEpoch.AddYears(50);
        var image = ImageDescriptor.Decode(Fixed.Hex(GoldenVectors.Image));
        byte[][] seeds =
        [
            [0, .. new PinRecord("vol-clone", "snap-1", 2, 3, image, time, true).Encode()],
            .. Enumerable.Range(0, Records.Length).Select(kind => (byte[])[(byte)kind, .. new byte[40]]),
            .. Enumerable.Range(0, Records.Length).Select(kind => (byte[])[(byte)kind, .. image.Encode()]),
        ];
        return new FuzzTarget(
            "catalogue-record", seeds, static bytes => Records[bytes.Length == 0 ? 0 : bytes[0] % Records.Length](bytes[Math.Min(1, bytes.Length)..]), typeof(CorruptDataException));
    }
}
