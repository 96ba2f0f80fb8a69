namespace Tidegate.Client.Rest.Models;

/// <summary>The recovery point that a new volume is to begin as.</summary>
/// <param name="VolumeId">The volume that it is a point of.</param>
/// <param name="At">The newest point at or before this time; this or the sequence.</param>
/// <param name="Sequence">The point of this sequence.</param>
public sealed record SourcePointRequest(string VolumeId, DateTimeOffset? At = null, long? Sequence = null);
