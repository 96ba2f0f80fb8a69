using Orleans.Concurrency;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Grains.Interfaces.Snapshots;

/// <summary>Snapshots of several volumes of one gateway at one point: all of them complete, or none does. Key: group id.</summary>
[GrainInterfaceType("tidegate.snapshot-group"), Alias("tidegate.snapshot-group")]
[KeyBelongsTo(KeyOwner.CheckedByGrain, ResourceKind.SnapshotGroup)]
public interface ISnapshotGroupGrain : IGrainWithStringKey
{
    /// <summary>
    /// Takes the group: returns once the common point is durable at the gateway, or <c>Waiting</c> while one of the volumes is not shadowed.
    /// Idempotent for equal requests. Throws <c>InvalidArgument</c> unless there are 2 to 16 volumes of one gateway, <c>NotFound</c> for one that is
    /// not the caller's, and what the gateway throws.
    /// </summary>
    [AlwaysInterleave, Alias("take")]
    Task<SnapshotGroupDescription> Take(IReadOnlyList<GroupMember> members, string description);

    /// <summary>The group. Throws <c>NotFound</c> when it is not the caller's.</summary>
    [ReachableBy(Role.AccountAdmin, Role.Uploader, Role.Reader), AlwaysInterleave, Alias("describe")]
    Task<SnapshotGroupDescription> Describe();
}
