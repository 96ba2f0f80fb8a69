namespace Tidegate.Client.Rest.Models;

/// <summary>Names a recovery point, by exactly one of time and sequence.</summary>
/// <param name="At">The newest point at or before this time.</param>
/// <param name="Sequence">The point of this sequence.</param>
public sealed record RecoveryPointRequest(DateTimeOffset? At = null, long? Sequence = null);
