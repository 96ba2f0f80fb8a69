using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Grains.Interfaces.Tenants;

/// <summary>
/// An account's side of the service for developers' clients (M5.5, <c>docs/protocols/link.md</c>): everything that makes something, because ids are
/// the service's to choose, and lists. Key: account id. What a method makes is named by the account and the <c>idempotencyKey</c> (1 to 128 visible
/// ASCII characters), as by REST's header: the same key with the same request names the same thing; without one, "", each call makes another.
/// Ids that are malformed, unknown or another account's throw <c>NotFound</c> in the same words.
/// </summary>
[GrainInterfaceType("tidegate.tenant"), Alias("tidegate.tenant")]
[KeyBelongsTo(KeyOwner.Account, ResourceKind.Account)]
public interface ITenantGrain : IGrainWithStringKey
{
    /// <summary>The service's time. Keeps an idle connection open.</summary>
    [ReachableBy(Role.AccountAdmin, Role.Uploader, Role.Reader, IsForBoundKeys = true), Alias("ping")]
    Task<DateTimeOffset> Ping();

    /// <summary>Makes a volume: empty, from a snapshot or recovery point, or of an image or device at its gateway. Throws as <see cref="IVolumeGrain.Create"/> does.</summary>
    [ReachableBy(Role.AccountAdmin), Alias("create-volume")]
    Task<VolumeDescription> CreateVolume(NewVolume volume, string idempotencyKey);

    /// <summary>Takes a snapshot; returns once its barrier is durable at the gateway (M2.8).</summary>
    [ReachableBy(Role.AccountAdmin, Role.Uploader, IsForBoundKeys = true), Alias("create-snapshot")]
    Task<SnapshotDescription> CreateSnapshot(string volumeId, string description, string idempotencyKey);

    /// <summary>Makes a snapshot of a recovery point: complete at once.</summary>
    [ReachableBy(Role.AccountAdmin, Role.Uploader, IsForBoundKeys = true), Alias("create-snapshot-of-point")]
    Task<SnapshotDescription> CreateSnapshotOfPoint(string volumeId, string description, RecoveryPointSelector point, string idempotencyKey);

    /// <summary>Takes snapshots of 2 to 16 volumes of one gateway at one point; all of them complete, or none does.</summary>
    [ReachableBy(Role.AccountAdmin, Role.Uploader), Alias("create-snapshot-group")]
    Task<SnapshotGroupDescription> CreateSnapshotGroup(IReadOnlyList<string> volumeIds, string description, string idempotencyKey);

    /// <summary>Offers a snapshot to another account, which may copy it.</summary>
    [ReachableBy(Role.AccountAdmin), Alias("offer-snapshot")]
    Task<SnapshotOfferDescription> OfferSnapshot(SnapshotOfferRequest request, string idempotencyKey);

    /// <summary>Accepts an offer and begins the copy; accepted again it answers with the copy that there is.</summary>
    [ReachableBy(Role.AccountAdmin), Alias("accept-offer")]
    Task<SnapshotCopyDescription> AcceptOffer(string offerId, string description, string idempotencyKey);

    /// <summary>Ends a volume's divergence: the gateway's copy goes on, or the service's.</summary>
    [ReachableBy(Role.AccountAdmin), Alias("resolve-divergence")]
    Task<VolumeDescription> ResolveDivergence(string volumeId, DivergenceChoice keep, string idempotencyKey);

    /// <summary>Asks a gateway's agent itself, over the connection that it opened. Throws <c>GatewayNotConnected</c> within a second when there is none.</summary>
    [ReachableBy(Role.AccountAdmin, Role.Reader), Alias("describe-gateway-live")]
    Task<GatewayLiveDescription> DescribeGatewayLive(string gatewayId);

    /// <summary>A page of the account's resources, oldest first. Lists lag behind changes by well under a second. Throws <c>InvalidArgument</c> for page sizes and tokens.</summary>
    [ReachableBy(Role.AccountAdmin, Role.Uploader, Role.Reader, IsForBoundKeys = true), Alias("list")]
    Task<ResourcePage> List(ResourceListQuery query);

    /// <summary>
    /// All blocks that differ between two snapshots, or that hold data where <paramref name="sinceSnapshotId"/> is "", part after part as they are found
    /// (<see cref="ISnapshotGrain.ListChangedBlocks"/>). A stream that breaks is gone on with by listing from the last part's <c>NextBlock</c>.
    /// </summary>
    [ReachableBy(Role.AccountAdmin, Role.Uploader, Role.Reader, IsForBoundKeys = true), Alias("read-changed-blocks")]
    IAsyncEnumerable<ChangedBlocks> ReadChangedBlocks(string snapshotId, string sinceSnapshotId, CancellationToken cancellation = default);

    /// <summary>A snapshot as it is, and again whenever its progress has changed, looked at once a second, until it is complete or has failed.</summary>
    [ReachableBy(Role.AccountAdmin, Role.Uploader, Role.Reader, IsForBoundKeys = true), Alias("watch-snapshot")]
    IAsyncEnumerable<SnapshotDescription> WatchSnapshot(string snapshotId, CancellationToken cancellation = default);
}
