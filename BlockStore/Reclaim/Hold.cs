using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// An image, or a run of them, that must stay readable (<c>docs/formats/reclaim.md</c>, Holds): a root that holds all through
/// <paramref name="FromSequence"/>, and the segments after it through <paramref name="ThroughSequence"/>.
/// </summary>
/// <param name="FromSequence">What the oldest root holds.</param>
/// <param name="ThroughSequence">The last segment; <see cref="long.MaxValue"/> for the recovery window, which has no end.</param>
public readonly record struct Hold(long FromSequence, long ThroughSequence)
{
    /// <summary>True for the recovery window: every root after the first is held as well.</summary>
    public bool IsWindow => ThroughSequence == long.MaxValue;

    internal static Hold Of(SnapshotRecord snapshot) => OfImage(snapshot.BaseSequence, snapshot.Sequence, snapshot.Image.Tail);

    internal static Hold Of(PinRecord pin) => OfImage(pin.FromSequence, pin.Sequence, pin.Image.Tail);

    internal static Hold Of(LeaseRecord lease) => OfImage(lease.FromSequence, lease.ThroughSequence, lease.Image.Tail);

    // A tail longer than its own sequences begins with an origin's: its root is then the origin's too, and comes before the root that a fold
    // of that tail writes, which is the volume's first and is born in 0.
    private static Hold OfImage(long from, long through, Tail tail) => new(tail.Count > through - from ? from - 1 : from, through);
}
