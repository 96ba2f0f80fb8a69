using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>A volume as the service knows it.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.volume-description")]
public sealed record VolumeDescription(
    [property: Id(0)] string VolumeId,
    [property: Id(1)] string AccountId,
    [property: Id(2)] string GatewayId,
    [property: Id(3)] string Name,
    [property: Id(4)] long SizeBytes,
    [property: Id(5)] string SourceSnapshotId,
    [property: Id(6)] long Epoch,
    [property: Id(7)] long CommittedSequence,
    [property: Id(8)] DateTimeOffset? RecoveryPointAt,
    [property: Id(9)] DateTimeOffset CreatedAt,
    [property: Id(10)] VolumeStatus? AgentStatus)
{
    /// <summary>What the last scrub found; null before the first has ended.</summary>
    [Id(11)]
    public VolumeScrubSummary? Scrub { get; init; }

    /// <summary>The recovery point that it began as; null for another beginning.</summary>
    [Id(12)]
    public RestoredPoint? RestoredPoint { get; init; }

    /// <summary>How old its newest recovery point may grow, in seconds.</summary>
    [Id(13)]
    public int RecoveryPointObjectiveSeconds { get; init; }

    /// <summary>Alarms that are raised.</summary>
    [Id(14)]
    public VolumeAlarms Alarms { get; init; }
}
