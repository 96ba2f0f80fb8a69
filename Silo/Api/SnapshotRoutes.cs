using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Silo.Api;

/// <summary>Snapshots.</summary>
internal static class SnapshotRoutes
{
    public static void MapSnapshots(this IEndpointRouteBuilder api)
    {
        api.MapPost("/volumes/{volumeId}/snapshots", async (HttpContext context, string volumeId, CreateSnapshotRequest request, IGrainFactory grains) =>
            {
                var volume = VolumeRoutes.Volume(grains, volumeId);
                var snapshotId = Idempotency.NewId(context, ResourceKind.Snapshot);
                if (request.Point is { } point)
                    return TypedResults.Ok(Views.Of(await volume.CreateSnapshotOfPoint(snapshotId, request.Description, new RecoveryPointSelector(point.At, point.Sequence))));
                return TypedResults.Ok(Views.Of(await volume.CreateSnapshot(snapshotId, request.Description, Idempotency.NewId(context, ResourceKind.Request))));
            })
            .OpenToBound(Roles.Uploaders).AcceptsIdempotencyKey().WithName("createSnapshot").WithTags("snapshots").WithSummary("Takes a snapshot; answers once its barrier is durable at the gateway, or at once with one of a recovery point.")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.NotFound, ErrorCodes.GatewayNotConnected, ErrorCodes.GatewayTimeout, ErrorCodes.InvalidState, ErrorCodes.LimitExceeded);
        api.MapGet("/snapshots", async (Lists lists, string? volumeId, int? pageSize, string? pageToken, CancellationToken stop) =>
                TypedResults.Ok(await lists.ResourcesAsync("snapshot", volumeId, null, pageSize, pageToken, Views.Snapshot, stop)))
            .OpenToBound(Roles.Readers).WithName("listSnapshots").WithTags("snapshots").WithSummary("The account's snapshots, oldest first.").Refuses(ErrorCodes.InvalidArgument);
        api.MapGet("/snapshots/{snapshotId}", async (string snapshotId, IGrainFactory grains) =>
            {
                Ids.Require(ResourceKind.Snapshot, snapshotId, "Snapshot");
                return TypedResults.Ok(Views.Of(await grains.GetGrain<ISnapshotGrain>(snapshotId).Describe()));
            })
            .OpenToBound(Roles.Readers).WithName("getSnapshot").WithTags("snapshots").WithSummary("One snapshot and its progress.").Refuses(ErrorCodes.NotFound);
        api.MapDelete("/snapshots/{snapshotId}", async (string snapshotId, IGrainFactory grains) =>
            {
                Ids.Require(ResourceKind.Snapshot, snapshotId, "Snapshot");
                await grains.GetGrain<ISnapshotGrain>(snapshotId).Delete();
                return TypedResults.NoContent();
            })
            .OpenToBound(Roles.Admins).WithName("deleteSnapshot").WithTags("snapshots").WithSummary("Deletes a snapshot, in any order; volumes made from it live on.")
            .Refuses(ErrorCodes.NotFound, ErrorCodes.InvalidState);
        api.MapPut("/snapshots/{snapshotId}/leases/{leaseId}", async (string snapshotId, string leaseId, IGrainFactory grains) =>
            {
                Ids.Require(ResourceKind.Snapshot, snapshotId, "Snapshot");
                var lease = await grains.GetGrain<ISnapshotGrain>(snapshotId).Lease(leaseId);
                return TypedResults.Ok(new SnapshotLeaseView(lease.LeaseId, lease.ExpiresAt));
            })
            .OpenToBound(Roles.Readers).WithName("leaseSnapshot").WithTags("snapshots").WithSummary("Takes or renews a lease for who reads a snapshot's data for long, also once it is deleted.")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.NotFound, ErrorCodes.LimitExceeded);
        api.MapDelete("/snapshots/{snapshotId}/leases/{leaseId}", async (string snapshotId, string leaseId, IGrainFactory grains) =>
            {
                Ids.Require(ResourceKind.Snapshot, snapshotId, "Snapshot");
                await grains.GetGrain<ISnapshotGrain>(snapshotId).EndLease(leaseId);
                return TypedResults.NoContent();
            })
            .OpenToBound(Roles.Readers).WithName("endSnapshotLease").WithTags("snapshots").WithSummary("Ends a lease before it runs out.").Refuses(ErrorCodes.NotFound);
        api.MapPost("/volumes/{volumeId}/estimate-reclaim", async (string volumeId, EstimateReclaimRequest request, IGrainFactory grains) =>
            {
                foreach (var id in request.SnapshotIds) Ids.Require(ResourceKind.Snapshot, id, "Snapshot");
                return TypedResults.Ok(Views.Of(await VolumeRoutes.Volume(grains, volumeId).EstimateReclaim(request.SnapshotIds)));
            })
            .OpenToBound(Roles.Readers).WithName("estimateReclaim").WithTags("snapshots").WithSummary("What deleting snapshots of a volume together would free.")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.NotFound);
    }
}
