using Orleans.Concurrency;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Grains.Volumes;

/// <summary>What snapshot grains ask of their volume.</summary>
[GrainInterfaceType("tidegate.volume-snapshots"), Alias("tidegate.volume-snapshots")]
internal interface IVolumeSnapshots : IGrainWithStringKey
{
    /// <summary>A snapshot under way as it stands now; null when the volume has handed it over.</summary>
    [AlwaysInterleave, Alias("describe-snapshot")]
    Task<SnapshotDescription?> DescribeSnapshot(string snapshotId);

    /// <summary>A completed snapshot's image. Throws <c>NotFound</c>.</summary>
    [AlwaysInterleave, Alias("open-image")]
    Task<StoredImage> OpenImage(string snapshotId);

    /// <summary>Takes a snapshot out of the volume's catalogue and frees what only it held; one that is not there changes nothing.</summary>
    [AlwaysInterleave, Alias("delete-snapshot")]
    Task DeleteSnapshot(string snapshotId);

    /// <summary>Takes or renews a lease on a snapshot, here and in every volume that this one descends from.</summary>
    [AlwaysInterleave, Alias("lease-snapshot")]
    Task<LeasedImage> LeaseSnapshot(string snapshotId, string leaseId);

    /// <summary>Ends a lease in all of them.</summary>
    [AlwaysInterleave, Alias("end-snapshot-lease")]
    Task EndLease(string leaseId);
}
