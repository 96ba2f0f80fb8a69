using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Grains.Snapshots;

/// <summary>Saved state of a snapshot: the last thing its volume said of it.</summary>
[GenerateSerializer, Alias("tidegate.state.snapshot")]
internal sealed record SavedSnapshot : AggregateState
{
    /// <summary>What the volume said; null before the first word.</summary>
    [Id(0)] public SnapshotDescription? Description { get; init; }

    /// <summary>When it was deleted.</summary>
    [Id(1)] public DateTimeOffset? DeletedAt { get; init; }

    /// <summary>True when it went with its volume's keys.</summary>
    [Id(2)] public bool IsErased { get; init; }
}
