using Orleans.Concurrency;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Grains.Interfaces.Snapshots;

/// <summary>A snapshot: a cache of its volume's catalogue entry and the place where its state is followed. Key: snapshot id.</summary>
[GrainInterfaceType("tidegate.snapshot"), Alias("tidegate.snapshot")]
[KeyBelongsTo(KeyOwner.CheckedByGrain, ResourceKind.Snapshot)]
public interface ISnapshotGrain : IGrainWithStringKey
{
    /// <summary>Records or updates the snapshot; called by its volume. Never moves a completed snapshot back.</summary>
    [Alias("record")]
    Task Record(SnapshotDescription description);

    /// <summary>The snapshot. Throws <c>NotFound</c> when it is not the caller's.</summary>
    [ReachableBy(Role.AccountAdmin, Role.Uploader, Role.Reader, IsForBoundKeys = true), AlwaysInterleave, Alias("describe")]
    Task<SnapshotDescription> Describe();

    /// <summary>
    /// Blocks from <paramref name="fromBlock"/> on that differ from those of an earlier snapshot of the same account, of this volume or of one in
    /// its ancestry of clones; without one, all blocks that hold data. A block that was rewritten with the same bytes counts as changed.
    /// At most <paramref name="maxBlocks"/> (1 to 10,000). The cost follows the changes, not the size.
    /// Throws <c>NotFound</c>, <c>InvalidArgument</c>, and <c>InvalidState</c> when either snapshot is not complete.
    /// </summary>
    [ReachableBy(Role.AccountAdmin, Role.Uploader, Role.Reader, IsForBoundKeys = true), AlwaysInterleave, Alias("changed-blocks")]
    Task<ChangedBlocks> ListChangedBlocks(string sinceSnapshotId, long fromBlock, int maxBlocks);

    /// <summary>
    /// Deletes the snapshot, in whatever order among others; volumes made from it live on. Idempotent. Throws <c>InvalidState</c> while it is
    /// being taken, <c>NotFound</c> when it is not the caller's.
    /// </summary>
    [ReachableBy(Role.AccountAdmin, IsForBoundKeys = true), AlwaysInterleave, Alias("delete")]
    Task Delete();

    /// <summary>
    /// Takes a lease for somebody who reads the snapshot for long, or renews it, also once the snapshot is deleted: what was readable when it was
    /// taken stays in the bucket while it lives. Throws <c>NotFound</c> when there is neither snapshot nor lease, <c>LimitExceeded</c> when the volume
    /// has as many as it may, and <c>InvalidArgument</c> for an id other than 8 to 64 of <c>a-z</c>, <c>0-9</c> and <c>-</c>.
    /// </summary>
    [ReachableBy(Role.AccountAdmin, Role.Uploader, Role.Reader, IsForBoundKeys = true), AlwaysInterleave, Alias("lease")]
    Task<SnapshotLease> Lease(string leaseId);

    /// <summary>Ends a lease; one that has ended changes nothing.</summary>
    [ReachableBy(Role.AccountAdmin, Role.Uploader, Role.Reader, IsForBoundKeys = true), AlwaysInterleave, Alias("end-lease")]
    Task EndLease(string leaseId);
}
