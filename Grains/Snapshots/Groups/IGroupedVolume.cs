using Orleans.Concurrency;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Grains.Snapshots.Groups;

/// <summary>What a group of snapshots asks of its volumes.</summary>
[GrainInterfaceType("tidegate.grouped-volume"), Alias("tidegate.grouped-volume")]
internal interface IGroupedVolume : IGrainWithStringKey
{
    /// <summary>Notes a snapshot that is to be taken in a group, before its gateway hears of it. Idempotent. Throws <c>LimitExceeded</c>, <c>NotFound</c>.</summary>
    [AlwaysInterleave, Alias("expect-in-group")]
    Task ExpectInGroup(string groupId, string snapshotId, string description);

    /// <summary>The barrier is durable at the gateway, or the group waits (null). Idempotent.</summary>
    [AlwaysInterleave, Alias("barrier-in-group")]
    Task BarrierInGroup(string snapshotId, SnapshotBarrier? barrier);

    /// <summary>How the group ended: all of it is held, or with a reason nothing is. Idempotent.</summary>
    [AlwaysInterleave, Alias("end-in-group")]
    Task EndInGroup(string snapshotId, string failureReason);

    /// <summary>The gateway never heard of the group: as if it had not been asked for.</summary>
    [AlwaysInterleave, Alias("forget-in-group")]
    Task ForgetInGroup(string snapshotId, string reason);
}
