namespace Tidegate.Grains.Gateways;

/// <summary>What is known of a volume's newest recovery point while its gateway is away: its service time, by the last report.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.state.last-point")]
internal sealed record LastPoint([property: Id(0)] string VolumeId, [property: Id(1)] DateTimeOffset PointAt);
