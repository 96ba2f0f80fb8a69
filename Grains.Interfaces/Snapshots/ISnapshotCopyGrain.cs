using Orleans.Concurrency;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Grains.Interfaces.Snapshots;

/// <summary>A copy of another account's snapshot (<c>docs/formats/copy.md</c>). Key: copy id, which is the volume id of the lineage that it makes.</summary>
[GrainInterfaceType("tidegate.snapshot-copy"), Alias("tidegate.snapshot-copy")]
[KeyBelongsTo(KeyOwner.CheckedByGrain, ResourceKind.Volume)]
public interface ISnapshotCopyGrain : IGrainWithStringKey
{
    /// <summary>The copy. Throws <c>NotFound</c> when it is not the caller's.</summary>
    [ReachableBy(Role.AccountAdmin, Role.Reader), AlwaysInterleave, Alias("describe-copy")]
    Task<SnapshotCopyDescription> DescribeCopy();

    /// <summary>
    /// Gives up a copy that is being made; one that has failed leaves the list. Idempotent. Throws <c>InvalidState</c> for one that is complete: its
    /// snapshot is deleted instead.
    /// </summary>
    [ReachableBy(Role.AccountAdmin), AlwaysInterleave, Alias("cancel-copy")]
    Task CancelCopy();
}
