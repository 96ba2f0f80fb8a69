namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>
/// Bugs that the agent could have, one at a time, put between it and its disk, its service and its clients. Each must be caught: that shows that the
/// simulation can fail, and for what.
/// </summary>
internal enum PlantedBug
{
    None,
    /// <summary>A flush of the log returns without one.</summary>
    LogSyncSkipped,
    /// <summary>The applied watermark moves without a sync of the store.</summary>
    StoreSyncSkipped,
    /// <summary>Marks of the presence map are not synced before log space is freed.</summary>
    PresenceSyncSkipped,
    /// <summary>Dirty bits are not synced before the writes that they stand for.</summary>
    DirtySyncSkipped,
    /// <summary>A dirty bit is written after the write past the log that it stands for.</summary>
    DirtyBitAfterWrite,
    /// <summary>A log that was made is not made durable in its directory.</summary>
    DirectorySyncSkipped,
    /// <summary>A write in forty is answered and not made.</summary>
    WriteLost,
    /// <summary>A failing fdatasync counts as done, as .NET's own flush has it.</summary>
    SyncFaultSwallowed,
    /// <summary>A failing fdatasync is tried again, and the second success believed.</summary>
    FailedSyncRetried,
    /// <summary>A flush is answered before its sync.</summary>
    FlushAnsweredEarly,
    /// <summary>A write with FUA is answered before its sync.</summary>
    FuaAnsweredEarly,
    /// <summary>A snapshot is answered before its barrier is durable.</summary>
    SnapshotAnsweredEarly,
    /// <summary>Log space is freed that the service has not committed.</summary>
    TrimPastCommittedEnd,
    /// <summary>Replay begins at the watermark of the checkpoint before.</summary>
    ReplayBelowApplied,
    /// <summary>Replay goes on into records that an earlier generation left behind a torn tail.</summary>
    StaleGenerationReplayed,
    /// <summary>A segment leaves before the decision to seal it is durable.</summary>
    SealNotDurable,
    /// <summary>Recovery finds no decisions before the applied watermark.</summary>
    SealsForgotten,
    /// <summary>Nothing says which records were durable: damage counts as a torn tail.</summary>
    DamageTakenForTornTail,
    /// <summary>A damaged copy of the superblock is passed over for the older one.</summary>
    OlderSuperblockTaken,
    /// <summary>The log's space is not reserved.</summary>
    LogNotReserved,
    /// <summary>A discard of the log leaves the old bytes in the store.</summary>
    DiscardNotApplied,
    /// <summary>Hydration does not hear of local writes.</summary>
    HydrationOverLocalWrite,
    /// <summary>Log space is freed before the marks of what it held are durable.</summary>
    MarksForgottenAtTrim,
    /// <summary>What is absent is read from the store.</summary>
    AbsentReadFromStore,
}
