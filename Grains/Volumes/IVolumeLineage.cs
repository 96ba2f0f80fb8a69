using Orleans.Concurrency;

namespace Tidegate.Grains.Volumes;

/// <summary>What origin and clone ask of each other about the clone's pin (<c>docs/formats/reclaim.md</c>, Pins).</summary>
[GrainInterfaceType("tidegate.volume-lineage"), Alias("tidegate.volume-lineage")]
internal interface IVolumeLineage : IGrainWithStringKey
{
    /// <summary>Asked of a clone: does it need what it was made from?</summary>
    [AlwaysInterleave, Alias("clone-standing")]
    Task<CloneStanding> GetCloneStanding();

    /// <summary>Told to an origin: a clone may need it no more. Asks the clone, and ends when its pin is gone.</summary>
    [AlwaysInterleave, Alias("release-pin")]
    Task ReleasePin(string cloneVolumeId);

    /// <summary>Told to an origin: somebody reads what its clone began as, for as long as the lease lives.</summary>
    [AlwaysInterleave, Alias("lease-for-clone")]
    Task LeaseForClone(string cloneVolumeId, string leaseId);

    /// <summary>Told to an origin: the reader of a clone has done.</summary>
    [AlwaysInterleave, Alias("end-lease-for-clone")]
    Task EndLeaseForClone(string leaseId);
}
