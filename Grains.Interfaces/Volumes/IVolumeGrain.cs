using Orleans.Concurrency;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>A volume, for the API. Key: volume id.</summary>
[GrainInterfaceType("tidegate.volume"), Alias("tidegate.volume")]
[KeyBelongsTo(KeyOwner.CheckedByGrain, ResourceKind.Volume)]
public interface IVolumeGrain : IGrainWithStringKey
{
    /// <summary>Creates the volume on a gateway; idempotent for equal specifications.</summary>
    [Alias("create")]
    Task<VolumeDescription> Create(VolumeSpecification specification);

    /// <summary>The volume as the service knows it.</summary>
    [ReachableBy(Role.AccountAdmin, Role.Uploader, Role.Reader, IsForBoundKeys = true), AlwaysInterleave, Alias("describe")]
    Task<VolumeDescription> Describe();

    /// <summary>
    /// Takes a snapshot: returns once its barrier is durable at the agent, whatever the backlog (M2.8). Idempotent by
    /// <paramref name="snapshotId"/>.
    /// </summary>
    [AlwaysInterleave, Alias("snapshot")]
    Task<SnapshotDescription> CreateSnapshot(string snapshotId, string description, string requestId);

    /// <summary>
    /// The volume's recovery points after a sequence, oldest first, at most <paramref name="max"/> (1 to 1,000), and the window in which every
    /// commit is one. A deleted volume has none.
    /// </summary>
    [ReachableBy(Role.AccountAdmin, Role.Uploader, Role.Reader, IsForBoundKeys = true), AlwaysInterleave, Alias("list-recovery-points")]
    Task<RecoveryPointPage> ListRecoveryPoints(long after, int max);

    /// <summary>
    /// Makes a snapshot of a recovery point: complete at once, its point's time is that of the commit. Idempotent by <paramref name="snapshotId"/>.
    /// Throws <c>NotFound</c>, naming the nearest ones, when the point is not held, and <c>InvalidArgument</c> for a selector of neither or both.
    /// </summary>
    [AlwaysInterleave, Alias("snapshot-point")]
    Task<SnapshotDescription> CreateSnapshotOfPoint(string snapshotId, string description, RecoveryPointSelector point);

    /// <summary>
    /// Grows the volume to <paramref name="sizeBytes"/>, a multiple of 4096; the same size changes nothing. Its gateway learns at once, or when
    /// it is back. Throws <c>InvalidArgument</c> for a smaller or impossible size, and <c>NotFound</c> when its gateway is gone.
    /// </summary>
    [ReachableBy(Role.AccountAdmin, IsForBoundKeys = true), Alias("resize")]
    Task<VolumeDescription> Resize(long sizeBytes);

    /// <summary>
    /// Sets how old the volume's newest recovery point may grow, in seconds (<see cref="RecoveryPointObjective"/>); its gateway learns at once, or when it is
    /// back. Throws <c>InvalidArgument</c> out of range.
    /// </summary>
    [ReachableBy(Role.AccountAdmin, IsForBoundKeys = true), Alias("set-objective")]
    Task<VolumeDescription> SetRecoveryPointObjective(int seconds);

    /// <summary>
    /// Ends a divergence: the gateway's copy or the service's goes on. Where the service's does, a snapshot of it with <paramref name="snapshotId"/> is
    /// made first, which the gateway fetches it from. Throws <c>InvalidState</c> when the gateway does not say that the volume is diverged, and what the
    /// gateway says against it. Idempotent by <paramref name="requestId"/>.
    /// </summary>
    [AlwaysInterleave, Alias("resolve-divergence")]
    Task<VolumeDescription> ResolveDivergence(DivergenceChoice keep, string snapshotId, string requestId);

    /// <summary>Deletes the volume: it leaves its gateway; snapshots stay readable.</summary>
    [ReachableBy(Role.AccountAdmin, IsForBoundKeys = true), Alias("delete")]
    Task Delete();

    /// <summary>
    /// Begins a new generation of the volume's data key: its agent seals with it from its next segment on. What is stored keeps the key that it
    /// has. Returns the generation. Throws <c>LimitExceeded</c> when the volume has as many keys as it may.
    /// </summary>
    [ReachableBy(Role.AccountAdmin, IsForBoundKeys = true), Alias("rotate-key")]
    Task<int> RotateKey();

    /// <summary>
    /// What erasing the volume's keys would make unreadable besides the volume itself: ids of its snapshots, and of the volumes made from
    /// them and from those.
    /// </summary>
    [ReachableBy(Role.AccountAdmin), AlwaysInterleave, Alias("list-erase-victims")]
    Task<IReadOnlyList<string>> ListEraseVictims();

    /// <summary>
    /// Deletes the volume and destroys its keys, with those of every volume that descends from it: nothing that they ever stored can be read again.
    /// Throws <c>InvalidState</c>, naming them, unless <paramref name="confirmed"/> holds exactly the victims, and <c>Unavailable</c> when the erasure has
    /// begun and goes on by itself. Idempotent.
    /// </summary>
    [ReachableBy(Role.AccountAdmin), Alias("erase")]
    Task Erase(IReadOnlyList<string> confirmed);

    /// <summary>Pins a completed snapshot for a clone and returns what the clone's head starts from. Called by the clone's grain.</summary>
    [AlwaysInterleave, Alias("pin")]
    Task<CloneOrigin> PinForClone(string snapshotId, string cloneVolumeId);

    /// <summary>
    /// Pins a recovery point for a clone and returns what the clone's head starts from; a pin that the clone has is kept, whatever the selector
    /// finds by now. Called by the clone's grain. Throws as <see cref="CreateSnapshotOfPoint"/> does.
    /// </summary>
    [AlwaysInterleave, Alias("pin-point")]
    Task<CloneOrigin> PinPointForClone(RecoveryPointSelector point, string cloneVolumeId);

    /// <summary>
    /// What deleting these snapshots together would free, 1 to 64 of them; unknown ids count nothing. Works for a deleted volume's as well.
    /// </summary>
    [ReachableBy(Role.AccountAdmin, Role.Uploader, Role.Reader, IsForBoundKeys = true), AlwaysInterleave, Alias("estimate-reclaim")]
    Task<VolumeReclaimEstimate> EstimateReclaim(IReadOnlyList<string> snapshotIds);

    /// <summary>What of the volume's past is kept besides its snapshots.</summary>
    [ReachableBy(Role.AccountAdmin, Role.Uploader, Role.Reader, IsForBoundKeys = true), AlwaysInterleave, Alias("get-retention")]
    Task<VolumeRetention> GetRetention();

    /// <summary>Sets it; what it no longer keeps is freed soon afterwards.</summary>
    [ReachableBy(Role.AccountAdmin, IsForBoundKeys = true), Alias("set-retention")]
    Task SetRetention(VolumeRetention retention);
}
