namespace Tidegate.Client.Rest.Models;

/// <summary>The recovery point that a volume began as.</summary>
/// <param name="VolumeId">The volume that it was a point of.</param>
/// <param name="Sequence">Its sequence there.</param>
/// <param name="CommittedAt">Service time of its commit; null when that is not known any more.</param>
public sealed record RestoredPointView(string VolumeId, long Sequence, DateTimeOffset? CommittedAt);
