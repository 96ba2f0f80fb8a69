using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.GatewayAgent.Link;

/// <summary>The gateway's volumes, as management sees them.</summary>
internal interface IGatewayVolumes
{
    /// <summary>Version of the desired configuration last applied; 0 for none.</summary>
    long AppliedConfigurationVersion { get; }

    IReadOnlyList<NamedVolumeStatus> GetStatuses();

    /// <summary>Moves towards the configuration; returns when it is applied. Idempotent.</summary>
    Task ApplyAsync(GatewayConfiguration configuration, CancellationToken cancellationToken);

    /// <summary>Appends and syncs a snapshot's barrier (M2.8). Idempotent by snapshot.</summary>
    Task<SnapshotBarrier> TakeBarrierAsync(string volumeId, string snapshotId, CancellationToken cancellationToken);

    /// <summary>Takes the barriers of several volumes at one point (M2.8). Idempotent by the snapshots.</summary>
    Task<GroupBarriers> TakeGroupAsync(string groupId, IReadOnlyList<GroupMember> members, CancellationToken cancellationToken);

    /// <summary>Says whether a volume may be made of a raw image or block device. Throws <c>InvalidArgument</c>, saying why not.</summary>
    StoreInspection InspectStore(string path);

    /// <summary>Ends a divergence, durably decided before anything is changed. Throws <c>InvalidState</c> for a volume that is not diverged.</summary>
    Task<DivergenceResolved> ResolveDivergenceAsync(ResolveDivergenceRequest request);

    /// <summary>Writes blocks anew from the local copy, durably: what the service has stored of them is damaged.</summary>
    Task<BlocksRefreshed> RefreshAsync(string volumeId, IReadOnlyList<long> blocks, CancellationToken cancellationToken);
}
