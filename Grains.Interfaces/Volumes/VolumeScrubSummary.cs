namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>What the last scrub of a volume found.</summary>
/// <param name="CompletedAt">Service time of its end.</param>
/// <param name="DamageCount">How much is damaged.</param>
/// <param name="Damages">The first of it, at most 16.</param>
[GenerateSerializer, Immutable, Alias("tidegate.volume-scrub")]
public sealed record VolumeScrubSummary(
    [property: Id(0)] DateTimeOffset CompletedAt, [property: Id(1)] int DamageCount, [property: Id(2)] VolumeDamage[] Damages);
