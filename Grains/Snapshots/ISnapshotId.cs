using Orleans.Concurrency;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Grains.Snapshots;

/// <summary>What a volume asks of an id before it takes a snapshot under it: an id stands for one snapshot, for ever.</summary>
[GrainInterfaceType("tidegate.snapshot-id"), Alias("tidegate.snapshot-id")]
internal interface ISnapshotId : IGrainWithStringKey
{
    /// <summary>
    /// The snapshot of this volume that has the id, as it was last recorded; null while nothing ever had it. Throws <c>InvalidState</c> when it is another volume's,
    /// or was deleted: nobody could find, or delete, a second one.
    /// </summary>
    [AlwaysInterleave, Alias("find")]
    Task<SnapshotDescription?> FindFor(string volumeId);
}
