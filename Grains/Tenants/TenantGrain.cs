using System.Runtime.CompilerServices;
using Orleans.Concurrency;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Tenants;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Tenants;

/// <summary>See <see cref="ITenantGrain"/>. Keeps nothing: it chooses ids and calls the grains that everything else calls, as the caller.</summary>
[GrainType("tenant"), Reentrant]
internal sealed class TenantGrain(AggregateServices services, IResourceLists lists) : Grain, ITenantGrain
{
    private const int MaxKeyLength = 128;
    private const int PartBlocks = 1000;

    private static readonly TimeSpan _look = TimeSpan.FromSeconds(1);

    private string Account => this.GetPrimaryKeyString();

    /// <inheritdoc />
    public Task<DateTimeOffset> Ping() => Task.FromResult(services.Clock.GetUtcNow());

    /// <inheritdoc />
    public Task<VolumeDescription> CreateVolume(NewVolume volume, string idempotencyKey)
    {
        Require(ResourceKind.Gateway, volume.GatewayId, "Gateway");
        if (volume.SourceSnapshotId.Length > 0) Require(ResourceKind.Snapshot, volume.SourceSnapshotId, "Snapshot");
        if (volume.SourcePoint is { } point) Require(ResourceKind.Volume, point.VolumeId, "Volume");
        return GrainFactory.GetGrain<IVolumeGrain>(NewId(ResourceKind.Volume, "/v1/volumes", idempotencyKey)).Create(
            new VolumeSpecification(Account, volume.GatewayId, volume.Name, volume.SizeBytes, volume.SourceSnapshotId)
            {
                AdoptPath = volume.AdoptPath,
                SourcePoint = volume.SourcePoint,
            });
    }

    /// <inheritdoc />
    public Task<SnapshotDescription> CreateSnapshot(string volumeId, string description, string idempotencyKey) => Volume(volumeId).CreateSnapshot(
        NewId(ResourceKind.Snapshot, SnapshotsOf(volumeId), idempotencyKey), description, NewId(ResourceKind.Request, SnapshotsOf(volumeId), idempotencyKey));

    /// <inheritdoc />
    public Task<SnapshotDescription> CreateSnapshotOfPoint(string volumeId, string description, RecoveryPointSelector point, string idempotencyKey) =>
        Volume(volumeId).CreateSnapshotOfPoint(NewId(ResourceKind.Snapshot, SnapshotsOf(volumeId), idempotencyKey), description, point);

    /// <inheritdoc />
    public Task<SnapshotGroupDescription> CreateSnapshotGroup(IReadOnlyList<string> volumeIds, string description, string idempotencyKey)
    {
        foreach (var volumeId in volumeIds) Require(ResourceKind.Volume, volumeId, "Volume");
        var groupId = NewId(ResourceKind.SnapshotGroup, "/v1/snapshot-groups", idempotencyKey);
        return GrainFactory.GetGrain<ISnapshotGroupGrain>(groupId).Take(GroupMember.Of(groupId, volumeIds), description);
    }

    /// <inheritdoc />
    public Task<SnapshotOfferDescription> OfferSnapshot(SnapshotOfferRequest request, string idempotencyKey)
    {
        Require(ResourceKind.Snapshot, request.SnapshotId, "Snapshot");
        return GrainFactory.GetGrain<ISnapshotOfferGrain>(NewId(ResourceKind.Offer, $"/v1/snapshots/{request.SnapshotId}/offers", idempotencyKey)).Make(request);
    }

    /// <inheritdoc />
    public Task<SnapshotCopyDescription> AcceptOffer(string offerId, string description, string idempotencyKey)
    {
        Require(ResourceKind.Offer, offerId, "Offer");
        var path = $"/v1/offers/{offerId}/accept";
        return GrainFactory.GetGrain<ISnapshotOfferGrain>(offerId).Accept(
            NewId(ResourceKind.Volume, path, idempotencyKey), NewId(ResourceKind.Snapshot, path, idempotencyKey), description);
    }

    /// <inheritdoc />
    public Task<VolumeDescription> ResolveDivergence(string volumeId, DivergenceChoice keep, string idempotencyKey)
    {
        var volume = Volume(volumeId);
        var snapshotId = NewId(ResourceKind.Snapshot, $"/v1/volumes/{volumeId}/divergence-resolutions", idempotencyKey);
        return volume.ResolveDivergence(keep, snapshotId, $"resolve-{snapshotId}");
    }

    /// <inheritdoc />
    public Task<GatewayLiveDescription> DescribeGatewayLive(string gatewayId)
    {
        Require(ResourceKind.Gateway, gatewayId, "Gateway");
        return GrainFactory.GetGrain<IGatewayGrain>(gatewayId).DescribeLive(ResourceId.New(ResourceKind.Request));
    }

    /// <inheritdoc />
    public Task<ResourcePage> List(ResourceListQuery query)
    {
        Authorisation.Require(Roles.Readers, Account, $"Account {Account}", null);
        return lists.PageAsync(query, CancellationToken.None);
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<ChangedBlocks> ReadChangedBlocks(
        string snapshotId, string sinceSnapshotId, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        Require(ResourceKind.Snapshot, snapshotId, "Snapshot");
        for (long? next = 0; next is { } from;)
        {
            cancellation.ThrowIfCancellationRequested();
            var part = await GrainFactory.GetGrain<ISnapshotGrain>(snapshotId).ListChangedBlocks(sinceSnapshotId, from, PartBlocks);
            yield return part;
            next = part.NextBlock;
        }
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<SnapshotDescription> WatchSnapshot(string snapshotId, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        Require(ResourceKind.Snapshot, snapshotId, "Snapshot");
        SnapshotDescription? last = null;
        while (true)
        {
            var now = await GrainFactory.GetGrain<ISnapshotGrain>(snapshotId).Describe();
            if (now != last) yield return now;
            if (now.State is SnapshotState.Completed or SnapshotState.Failed) yield break;
            last = now;
            await Task.Delay(_look, services.Clock, cancellation);
        }
    }

    private IVolumeGrain Volume(string volumeId)
    {
        Require(ResourceKind.Volume, volumeId, "Volume");
        return GrainFactory.GetGrain<IVolumeGrain>(volumeId);
    }

    private static string SnapshotsOf(string volumeId) => $"/v1/volumes/{volumeId}/snapshots";

    /// <summary>The id that the same request over REST would have had: one key, one thing, whichever way it is asked for.</summary>
    private string NewId(ResourceKind kind, string path, string idempotencyKey)
    {
        if (idempotencyKey.Length == 0) return ResourceId.New(kind);
        if (idempotencyKey.Length > MaxKeyLength || !idempotencyKey.All(letter => letter is > ' ' and < (char)127))
            throw Arguments.Invalid($"An idempotency key is 1 to {MaxKeyLength} visible ASCII characters.");
        return ResourceId.Derive(kind, $"{Account}\nPOST {path}\n{idempotencyKey}");
    }

    private void Require(ResourceKind kind, string id, string resource)
    {
        // Nothing is woken for who is not the account's, nor under a key that names nothing.
        Authorisation.Require(Roles.Readers, Account, $"Account {Account}", null);
        if (!ResourceId.IsValid(kind, id)) throw Authorisation.NotFound($"{resource} {id}");
    }
}
