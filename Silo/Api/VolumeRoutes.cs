using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Silo.Api;

/// <summary>Volumes.</summary>
internal static class VolumeRoutes
{
    public static void MapVolumes(this IEndpointRouteBuilder api)
    {
        api.MapPost("/volumes", async (HttpContext context, CreateVolumeRequest request, IGrainFactory grains) =>
                TypedResults.Ok(Views.Of(await CreateAsync(grains, Idempotency.NewId(context, ResourceKind.Volume), request))))
            .OpenTo(Roles.Owners).AcceptsIdempotencyKey().WithName("createVolume").WithTags("volumes").WithSummary("Makes a volume: empty, from a snapshot or recovery point, or of an image or device at its gateway.")
            .Refuses(
                ErrorCodes.InvalidArgument, ErrorCodes.NotFound, ErrorCodes.NameInUse, ErrorCodes.InvalidState, ErrorCodes.LimitExceeded, ErrorCodes.GatewayNotConnected,
                ErrorCodes.GatewayTimeout);
        api.MapGet("/volumes", async (Lists lists, string? gatewayId, string? name, int? pageSize, string? pageToken, CancellationToken stop) =>
                TypedResults.Ok(await lists.ResourcesAsync("volume", gatewayId, name, pageSize, pageToken, Views.Volume, stop)))
            .OpenToBound(Roles.Readers).WithName("listVolumes").WithTags("volumes").WithSummary("The account's volumes, oldest first.").Refuses(ErrorCodes.InvalidArgument);
        api.MapGet("/volumes/{volumeId}", async (string volumeId, IGrainFactory grains) =>
                TypedResults.Ok(Views.Of(await Volume(grains, volumeId).Describe())))
            .OpenToBound(Roles.Readers).WithName("getVolume").WithTags("volumes").WithSummary("One volume.").Refuses(ErrorCodes.NotFound);
        api.MapPatch("/volumes/{volumeId}", async (string volumeId, ResizeVolumeRequest request, IGrainFactory grains) =>
                TypedResults.Ok(Views.Of(await Volume(grains, volumeId).Resize(request.SizeBytes))))
            .OpenToBound(Roles.Admins).WithName("resizeVolume").WithTags("volumes").WithSummary("Grows a volume, in use or not.").Refuses(ErrorCodes.InvalidArgument, ErrorCodes.NotFound);
        api.MapPost("/volumes/{volumeId}/divergence-resolutions", async (HttpContext context, string volumeId, ResolveDivergenceBody request, IGrainFactory grains) =>
            {
                var snapshotId = Idempotency.NewId(context, ResourceKind.Snapshot);
                return TypedResults.Ok(Views.Of(await Volume(grains, volumeId).ResolveDivergence(request.Keep, snapshotId, $"resolve-{snapshotId}")));
            })
            .OpenTo(Roles.Admins).AcceptsIdempotencyKey().WithName("resolveDivergence").WithTags("volumes").WithSummary("Ends a divergence: the gateway's copy goes on, or the service's.")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.NotFound, ErrorCodes.InvalidState, ErrorCodes.GatewayNotConnected, ErrorCodes.GatewayTimeout);
        api.MapPost("/volumes/{volumeId}/key-rotations", async (string volumeId, IGrainFactory grains) =>
                TypedResults.Ok(new KeyRotationView(volumeId, await Volume(grains, volumeId).RotateKey())))
            .OpenToBound(Roles.Admins).WithName("rotateVolumeKey").WithTags("volumes").WithSummary("Begins a new data key: the volume's next segments are sealed with it.")
            .Refuses(ErrorCodes.NotFound, ErrorCodes.LimitExceeded);
        api.MapGet("/volumes/{volumeId}/erasure", async (string volumeId, IGrainFactory grains) =>
                TypedResults.Ok(new EraseVictimsView(volumeId, await Volume(grains, volumeId).ListEraseVictims())))
            .OpenTo(Roles.Admins).WithName("getEraseVictims").WithTags("volumes").WithSummary("What erasing the volume would make unreadable besides it.").Refuses(ErrorCodes.NotFound);
        api.MapPost("/volumes/{volumeId}/erasure", async (string volumeId, EraseVolumeRequest request, IGrainFactory grains) =>
            {
                await Volume(grains, volumeId).Erase(request.Confirm);
                return TypedResults.Ok(new EraseVictimsView(volumeId, request.Confirm));
            })
            .OpenTo(Roles.Admins).WithName("eraseVolume").WithTags("volumes").WithSummary("Deletes the volume and destroys its keys; every victim must be confirmed.")
            .Refuses(ErrorCodes.NotFound, ErrorCodes.InvalidState);
        api.MapPut("/volumes/{volumeId}/objective", async (string volumeId, ObjectiveRequest request, IGrainFactory grains) =>
                TypedResults.Ok(Views.Of(await Volume(grains, volumeId).SetRecoveryPointObjective(request.RecoveryPointSeconds))))
            .OpenToBound(Roles.Admins).WithName("setObjective").WithTags("volumes").WithSummary("Sets how old a volume's newest recovery point may grow.")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.NotFound);
        api.MapGet("/volumes/{volumeId}/retention", async (string volumeId, IGrainFactory grains) =>
                TypedResults.Ok(Views.Of(await Volume(grains, volumeId).GetRetention())))
            .OpenToBound(Roles.Readers).WithName("getRetention").WithTags("volumes").WithSummary("What of a volume's past is kept besides its snapshots.").Refuses(ErrorCodes.NotFound);
        api.MapPut("/volumes/{volumeId}/retention", async (string volumeId, RetentionView retention, IGrainFactory grains) =>
            {
                var volume = Volume(grains, volumeId);
                await volume.SetRetention(Views.Of(retention));
                return TypedResults.Ok(Views.Of(await volume.GetRetention()));
            })
            .OpenToBound(Roles.Admins).WithName("setRetention").WithTags("volumes").WithSummary("Sets what of a volume's past is kept besides its snapshots.")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.NotFound);
        api.MapDelete("/volumes/{volumeId}", async (string volumeId, IGrainFactory grains) =>
            {
                await Volume(grains, volumeId).Delete();
                return TypedResults.NoContent();
            })
            .OpenToBound(Roles.Admins).WithName("deleteVolume").WithTags("volumes").WithSummary("Deletes a volume; its snapshots stay.").Refuses(ErrorCodes.NotFound, ErrorCodes.InvalidState);
    }

    /// <summary>Makes a volume of the caller's account.</summary>
    public static Task<VolumeDescription> CreateAsync(IGrainFactory grains, string volumeId, CreateVolumeRequest request)
    {
        Ids.Require(ResourceKind.Gateway, request.GatewayId, "Gateway");
        if (!string.IsNullOrEmpty(request.SourceSnapshotId)) Ids.Require(ResourceKind.Snapshot, request.SourceSnapshotId, "Snapshot");
        if (request.SourcePoint is { VolumeId: var origin }) Ids.Require(ResourceKind.Volume, origin, "Volume");
        if (Caller.Current.AccountId.Length == 0)
            throw new TidegateException(ErrorCodes.Forbidden, "A volume belongs to an account, and the operator's key stands for none.", "Use an API key of the account.");
        var specification = new VolumeSpecification(Caller.Current.AccountId, request.GatewayId, request.Name, request.SizeBytes ?? 0, request.SourceSnapshotId ?? "")
        {
            AdoptPath = request.AdoptPath ?? "",
            SourcePoint = request.SourcePoint is { } point ? new SourcePoint(point.VolumeId, new RecoveryPointSelector(point.At, point.Sequence)) : null,
        };
        return grains.GetGrain<IVolumeGrain>(volumeId).Create(specification);
    }

    /// <summary>The grain of a well-formed volume id.</summary>
    public static IVolumeGrain Volume(IGrainFactory grains, string volumeId)
    {
        Ids.Require(ResourceKind.Volume, volumeId, "Volume");
        return grains.GetGrain<IVolumeGrain>(volumeId);
    }
}
