namespace Tidegate.Grains.Volumes;

/// <summary>How far a snapshot that its grain has not yet recorded as final has come.</summary>
internal enum PendingStage
{
    /// <summary>Asked for; whether the agent has appended the barrier is not known.</summary>
    Requested = 0,

    /// <summary>Its barrier is durable at the agent.</summary>
    Barrier = 1,

    /// <summary>The agent is not shadowing; the point will be the end of the next publication.</summary>
    Waiting = 2,

    /// <summary>The head holds it; the snapshot's grain has still to be told.</summary>
    Completed = 3,

    /// <summary>It will not complete; the snapshot's grain has still to be told.</summary>
    Failed = 4,

    /// <summary>Of a recovery point, which a worker is to find and hold.</summary>
    Point = 5,
}
