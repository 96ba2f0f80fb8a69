namespace Tidegate.BlockStore.Heads;

/// <summary>Why a head did not change.</summary>
public enum HeadRefusalReason
{
    /// <summary>An older epoch: another agent process has attached since (I7).</summary>
    StaleEpoch,
    /// <summary>The log forked from the volume's history.</summary>
    Diverged,
    /// <summary>
    /// The log knows commits that the head does not: the head was restored from an older state and must be rebuilt first.
    /// </summary>
    HeadBehind,
    /// <summary>The local store is larger than the volume.</summary>
    SizeMismatch,
    /// <summary>The segment does not follow the head: wrong sequence, log position or previous digest (I3).</summary>
    NotContiguous,
    /// <summary>A value of the request is impossible whatever the head says.</summary>
    Invalid,
    /// <summary>The tail is full until a fold is published; try again.</summary>
    TailFull,
    /// <summary>The head changed since the work was begun; begin again from the new head.</summary>
    Superseded,
    /// <summary>A branch is staged: snapshots wait until it is published.</summary>
    Staging,
    /// <summary>A branch that was given up is being freed; try again.</summary>
    StagingClosing,
    /// <summary>What was declared as the whole of a staging branch is not what it holds: nothing is published.</summary>
    StagingIncomplete,
}
