namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// What of a volume's past is kept besides its snapshots (<c>docs/formats/reclaim.md</c>, Recovery window). Counted by the service's time of
/// commit.
/// </summary>
/// <param name="Window">
/// How far back every commit is a recovery point; the window begins at the fold before that. Zero: only what no fold has taken yet.
/// </param>
/// <param name="ThinEvery">Of the points that leave the window the last in each such interval is kept; zero keeps none.</param>
/// <param name="ThinFor">How long these are kept.</param>
public sealed record Retention(TimeSpan Window, TimeSpan ThinEvery, TimeSpan ThinFor)
{
    /// <summary>What a volume has that was told nothing else: every commit of a day, and after that one an hour for a week.</summary>
    public static Retention Default { get; } = new(TimeSpan.FromDays(1), TimeSpan.FromHours(1), TimeSpan.FromDays(7));

    /// <summary>Snapshots alone.</summary>
    public static Retention None { get; } = new(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);
}
