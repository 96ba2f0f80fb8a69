using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>Something that is retained no more: what it held, and the newest manifest of its image's tail.</summary>
internal sealed record Dropped(Hold Hold, SegmentReference? Tail)
{
    public static Dropped Of(SnapshotRecord snapshot) => new(Hold.Of(snapshot), snapshot.Image.Tail.Manifest);

    public static Dropped Of(PinRecord pin) => new(Hold.Of(pin), pin.Image.Tail.Manifest);

    public static Dropped Of(LeaseRecord lease) => new(Hold.Of(lease), lease.Image.Tail.Manifest);
}
