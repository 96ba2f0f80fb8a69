using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Silo.Api;

/// <summary>Snapshots of several volumes at one point.</summary>
internal static class SnapshotGroupRoutes
{
    public static void MapSnapshotGroups(this IEndpointRouteBuilder api)
    {
        api.MapPost("/snapshot-groups", async (HttpContext context, CreateSnapshotGroupRequest request, IGrainFactory grains) =>
            {
                foreach (var volumeId in request.VolumeIds) Ids.Require(ResourceKind.Volume, volumeId, "Volume");
                var groupId = Idempotency.NewId(context, ResourceKind.SnapshotGroup);
                return TypedResults.Ok(Views.Of(await grains.GetGrain<ISnapshotGroupGrain>(groupId).Take(GroupMember.Of(groupId, request.VolumeIds), request.Description)));
            })
            .OpenTo(Roles.Uploaders).AcceptsIdempotencyKey().WithName("createSnapshotGroup").WithTags("snapshots")
            .WithSummary("Takes snapshots of several volumes of one gateway at one point; all of them complete, or none does.")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.NotFound, ErrorCodes.GatewayNotConnected, ErrorCodes.GatewayTimeout, ErrorCodes.InvalidState, ErrorCodes.LimitExceeded);
        api.MapGet("/snapshot-groups/{groupId}", async (string groupId, IGrainFactory grains) =>
            {
                Ids.Require(ResourceKind.SnapshotGroup, groupId, "Snapshot group");
                return TypedResults.Ok(Views.Of(await grains.GetGrain<ISnapshotGroupGrain>(groupId).Describe()));
            })
            .OpenTo(Roles.Readers).WithName("getSnapshotGroup").WithTags("snapshots").WithSummary("A group of snapshots and how far it is.").Refuses(ErrorCodes.NotFound);
    }
}
