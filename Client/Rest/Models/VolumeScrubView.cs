namespace Tidegate.Client.Rest.Models;

/// <summary>What the last check of a volume's stored data found.</summary>
/// <param name="CompletedAt">Service time of its end.</param>
/// <param name="DamageCount">How much is damaged.</param>
/// <param name="Damages">The first of it, at most 16.</param>
public sealed record VolumeScrubView(DateTimeOffset CompletedAt, int DamageCount, IReadOnlyList<VolumeDamageView> Damages);
