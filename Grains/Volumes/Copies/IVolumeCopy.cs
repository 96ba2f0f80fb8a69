using Orleans.Concurrency;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Grains.Volumes.Copies;

/// <summary>A volume as the target of a copy, for the offer and the worker. The agents' part of a volume is closed to it.</summary>
[GrainInterfaceType("tidegate.volume-copy"), Alias("tidegate.volume-copy")]
internal interface IVolumeCopy : IGrainWithStringKey
{
    /// <summary>Makes the lineage, with a key of its own, and begins to copy. Idempotent for equal requests.</summary>
    [Alias("begin-copy")]
    Task BeginCopy(CopyRequest request);

    /// <summary>
    /// Commits the segments of a unit, which are stored; with the last one the snapshot is complete. Repeats of what is committed change nothing.
    /// False when the copy has ended.
    /// </summary>
    [AlwaysInterleave, Alias("commit-copied")]
    Task<bool> CommitCopied(IReadOnlyList<SegmentCommit> segments, long dataBytes);

    /// <summary>The copy cannot be made; what was copied is freed.</summary>
    [AlwaysInterleave, Alias("fail-copy")]
    Task FailCopy(string reason);
}
