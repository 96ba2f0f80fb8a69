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
}
