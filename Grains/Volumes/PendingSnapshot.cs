using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Grains.Volumes;

/// <summary>A snapshot on its way from the request to its grain's final record.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.state.pending-snapshot")]
internal sealed record PendingSnapshot
{
    /// <summary>The snapshot.</summary>
    [Id(0)] public string SnapshotId { get; init; } = "";

    /// <summary>The customer's words.</summary>
    [Id(1)] public string Description { get; init; } = "";

    /// <summary>Service time of the request.</summary>
    [Id(2)] public DateTimeOffset RequestedAt { get; init; }

    /// <summary>How far it has come.</summary>
    [Id(3)] public PendingStage Stage { get; init; }

    /// <summary>The barrier's log position; 0 while unknown.</summary>
    [Id(4)] public long LogPosition { get; init; }

    /// <summary>Committed log end at the request: where progress counts from.</summary>
    [Id(5)] public long StartedAtLogEnd { get; init; }

    /// <summary>Committed sequence at completion.</summary>
    [Id(6)] public long Sequence { get; init; }

    /// <summary>Service time of the commit that completed it.</summary>
    [Id(7)] public DateTimeOffset? PointAt { get; init; }

    /// <summary>Size of the volume at its point.</summary>
    [Id(8)] public long SizeBytes { get; init; }

    /// <summary>Why it failed.</summary>
    [Id(9)] public string FailureReason { get; init; } = "";

    /// <summary>True when its grain knows of it, though not of its end.</summary>
    [Id(10)] public bool IsRecorded { get; init; }

    /// <summary>The group that it is taken in; empty for none.</summary>
    [Id(11)] public string GroupId { get; init; } = "";

    /// <summary>True when its group is complete, or has failed.</summary>
    [Id(12)] public bool IsGroupEnded { get; init; }

    /// <summary>Whether applications were frozen at its point.</summary>
    [Id(13)] public SnapshotConsistency Consistency { get; init; }

    /// <summary>What went wrong with the gateway's freeze or thaw commands.</summary>
    [Id(14)] public string HookFailure { get; init; } = "";

    /// <summary>Epoch of the agent's log when its barrier was appended; 0 while unknown.</summary>
    [Id(15)] public long BarrierEpoch { get; init; }

    /// <summary>True when its point is later than the answer said: see <see cref="SnapshotDescription.IsPointMoved"/>.</summary>
    [Id(16)] public bool IsPointMoved { get; init; }

    /// <summary>True while it is asked for, and no more than that: whoever asked may have gone.</summary>
    public bool IsOpen => Stage is PendingStage.Requested or PendingStage.Point;

    /// <summary>True when the volume holds it, or never will.</summary>
    public bool IsEnded => Stage is PendingStage.Completed or PendingStage.Failed;

    /// <summary>True when nothing more happens to it: one of a group is not complete before all of them are held.</summary>
    public bool IsFinal => IsEnded && (GroupId.Length == 0 || IsGroupEnded);
}
