namespace Tidegate.Tests.Simulation.BlockStore.Staging;

/// <summary>Bugs around the staging branch, one at a time: each must be caught.</summary>
internal enum StagingBug
{
    None,
    /// <summary>A fold lets fills replace what the log of the round wrote before.</summary>
    FillOverNewerWrite,
    /// <summary>What the log discarded before a fold is forgotten, and filled again.</summary>
    FillOverDiscard,
    /// <summary>The branch is published with the fills that happen to be there.</summary>
    PublishBeforeLastFill,
    /// <summary>The branch is published before the log that the copies show is staged.</summary>
    PublishBeforeTheLog,
    /// <summary>A rebuild follows the chain of segments into what is staged.</summary>
    StagedFollowedByRebuild,
    /// <summary>The collector of orphans goes by a head without its branch.</summary>
    StagedLostByCollector,
    /// <summary>What a staged fold replaces in the main image dies with the fold, and not with the publication.</summary>
    DeathBeforePublication,
    /// <summary>What the published branch replaced in the main image never dies.</summary>
    DeathForgotten,
    /// <summary>Records of the log that are older than a write past it are staged after all.</summary>
    GapForgotten,
    /// <summary>A branch is given up without ending its epoch, and a rebuild takes its segments for the main tail's.</summary>
    AbandonedEpochGoesOn,
}
