namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>
/// Bugs that the simulated world can have around the product's machines, one at a time. Each must be caught: that shows that the
/// simulation can fail, and for what.
/// </summary>
internal enum PlantedBug
{
    None,
    /// <summary>The agent frees log space when a segment is uploaded, before the service has committed it.</summary>
    TrimBeforeDurableCommit,
    /// <summary>Segments of one commit enter the tail in another order than the log's.</summary>
    CommitOutOfOrder,
    /// <summary>The agent forgets its seal decisions in a crash and cuts the log anew.</summary>
    SealAgainWithAnotherCut,
    /// <summary>A segment that is sealed again keeps its nonce.</summary>
    NonceReuse,
    /// <summary>A commit of an epoch that was ended is accepted.</summary>
    StaleEpochAccepted,
    /// <summary>A log that forked from the volume's history is attached.</summary>
    ForkAttached,
    /// <summary>A commit of repeats is answered with the head's log end, whoever asks.</summary>
    RepeatAnsweredToFork,
    /// <summary>A snapshot is the end of the commit that holds its barrier, not the barrier.</summary>
    SnapshotAtWrongPoint,
    /// <summary>A fold gives a snapshot inside it the root of its end.</summary>
    SnapshotGetsLaterRoot,
    /// <summary>Tail manifests are not stored before the head that names them.</summary>
    TailManifestLost,
    /// <summary>A segment is committed that the bucket does not have.</summary>
    CommitWithoutBlob,
    /// <summary>The database ignores the stamp that a save was made from.</summary>
    CompareAndSetIgnored,
    /// <summary>A fold is not told of the cuts inside it, and gives them the root that it began from.</summary>
    FoldPassesCuts,
    /// <summary>A fold replaces the root whatever was folded meanwhile.</summary>
    StaleFoldPublished,
    /// <summary>A compaction publishes the head that it began from, over what was committed since.</summary>
    CompactionBeatsNewerWrite,
    /// <summary>A compaction copies what head and cuts reach, and not what the recovery window alone does.</summary>
    CompactionForgetsWindow,
    /// <summary>A fold that merged frames publishes its root over a newer one.</summary>
    MergeBeatsNewerWrite,
    /// <summary>Frames that were merged are freed, whatever else reaches them.</summary>
    MergedFramesFreed,
    /// <summary>A merged frame counts as older than the root that it was made for.</summary>
    MergedFramesBornEarly,
    /// <summary>The deletion of a snapshot frees what a clone's pin holds.</summary>
    ReclaimForgetsClone,
    /// <summary>What only a snapshot needs is freed in a change before the one that takes the snapshot out of the catalogue.</summary>
    FreedBeforeDropped,
    /// <summary>A manifest is stored without claiming its version: two activations may store two of one.</summary>
    ManifestWithoutClaim,
    /// <summary>The collector of orphans goes by a head that it read before it listed the bucket.</summary>
    CollectorRacesLateCommit,
    /// <summary>Condemned blobs are deleted at once: a backup of the database may still name them.</summary>
    DeletedWithoutGrace,
    /// <summary>Frames that die before any page held them are not counted as dead.</summary>
    DeathBeforeFoldForgotten,
    /// <summary>Frames die with the fold, not with the segment that overwrote them.</summary>
    DeathCountedAtTheFold,
    /// <summary>A recovery point that was found in one catalogue is held in a later one, without looking whether it is still there.</summary>
    PointFoundBeforeItsSave,
    /// <summary>A reader goes by an image that it was given before its lease was saved.</summary>
    LeaseAfterTheImage,
    /// <summary>A staged fold lets copies replace what the branch's log wrote before.</summary>
    FillOverNewerWrite,
    /// <summary>What a branch's log discarded before a fold is forgotten, and filled again.</summary>
    FillOverDiscard,
    /// <summary>A branch is published with the fills that happen to be there.</summary>
    PublishedBeforeLastFill,
    /// <summary>A branch is published before the log that the copies show is staged.</summary>
    PublishedBeforeTheLog,
    /// <summary>A rebuild follows the chain of segments into what is staged.</summary>
    StagedFollowedByRebuild,
    /// <summary>The collector of orphans goes by a head without its branch.</summary>
    StagedLostByCollector,
    /// <summary>What a staged fold replaces in the main image dies with the fold, and not with the publication.</summary>
    DeathBeforePublication,
    /// <summary>What a published branch replaced in the main image never dies.</summary>
    StagedDeathForgotten,
    /// <summary>A branch is given up without ending its epoch, and a rebuild takes its segments for the main tail's.</summary>
    AbandonedEpochGoesOn,
    /// <summary>Records of the log that are older than a change of the store are staged after all.</summary>
    GapForgotten,
    /// <summary>The log goes on after a change of the store right where it stood: a service that goes back takes it for unchanged.</summary>
    GapTakesNoRoom,
    /// <summary>An agent that dies after it saw that its store changed, and before the service has heard, forgets it.</summary>
    ChangeForgottenInACrash,
}
