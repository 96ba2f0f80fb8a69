using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Grains.Snapshots.Groups;

/// <summary>Saved state of a group of snapshots.</summary>
[GenerateSerializer, Alias("tidegate.state.snapshot-group")]
internal sealed record SavedGroup : AggregateState
{
    /// <summary>Owner; empty while the group does not exist.</summary>
    [Id(0)] public string AccountId { get; init; } = "";

    /// <summary>The gateway of every volume of it.</summary>
    [Id(1)] public string GatewayId { get; init; } = "";

    /// <summary>The customer's words.</summary>
    [Id(2)] public string Description { get; init; } = "";

    /// <summary>Its volumes, with what became of them.</summary>
    [Id(3)] public SavedMember[] Members { get; init; } = [];

    /// <summary>How far it is.</summary>
    [Id(4)] public SnapshotGroupState Stage { get; init; }

    /// <summary>Service time of the request.</summary>
    [Id(5)] public DateTimeOffset RequestedAt { get; init; }

    /// <summary>When the common point was known to be durable.</summary>
    [Id(6)] public DateTimeOffset? TakenAt { get; init; }

    /// <summary>Why it waits or failed.</summary>
    [Id(7)] public string Reason { get; init; } = "";

    /// <summary>Counts the times that the gateway said that it has to wait: each is another request.</summary>
    [Id(8)] public int Attempt { get; init; }

    /// <summary>When the gateway is asked again.</summary>
    [Id(9)] public DateTimeOffset AskAgainAt { get; init; }

    /// <summary>True while the group is to be had: it may still come to stand, or to fall.</summary>
    public bool IsOpen => Members.Length > 0 && Stage is not (SnapshotGroupState.Completed or SnapshotGroupState.Failed);
}
