using Orleans.Concurrency;

namespace Tidegate.Grains.Snapshots.Groups;

/// <summary>What volumes tell a group of snapshots.</summary>
[GrainInterfaceType("tidegate.snapshot-group-members"), Alias("tidegate.snapshot-group-members")]
internal interface IGroupMembers : IGrainWithStringKey
{
    /// <summary>
    /// The snapshot of a volume is held, or with a reason never will be. Answers what to do with it; the group tells the volume when that changes. Idempotent.
    /// </summary>
    [AlwaysInterleave, Alias("member-ended")]
    Task<GroupVerdict> MemberEnded(string snapshotId, string failureReason);
}
