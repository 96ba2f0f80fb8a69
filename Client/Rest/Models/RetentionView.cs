namespace Tidegate.Client.Rest.Models;

/// <summary>What of a volume's past is kept besides its snapshots, by the service's time of commit.</summary>
/// <param name="WindowSeconds">How far back every commit is a recovery point; 0 to 35 days.</param>
/// <param name="ThinEverySeconds">Of the points that leave the window, the last in each such interval is kept: a minute to 35 days; 0 keeps none.</param>
/// <param name="ThinForSeconds">How long those are kept; 0 to 3,653 days.</param>
public sealed record RetentionView(long WindowSeconds, long ThinEverySeconds, long ThinForSeconds);
