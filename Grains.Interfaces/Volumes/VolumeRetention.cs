namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>
/// What of a volume's past is kept besides its snapshots (<c>docs/formats/reclaim.md</c>, Recovery window), by the service's time of commit.
/// </summary>
/// <param name="Window">How far back every commit is a recovery point; zero to 35 days.</param>
/// <param name="ThinEvery">Of the points that leave the window, the last in each such interval is kept; zero keeps none.</param>
/// <param name="ThinFor">How long those are kept; zero to 10 years.</param>
[GenerateSerializer, Immutable, Alias("tidegate.volume-retention")]
public sealed record VolumeRetention([property: Id(0)] TimeSpan Window, [property: Id(1)] TimeSpan ThinEvery, [property: Id(2)] TimeSpan ThinFor);
