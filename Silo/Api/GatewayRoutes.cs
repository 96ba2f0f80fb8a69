using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Api;

/// <summary>Gateways.</summary>
internal static class GatewayRoutes
{
    public static void MapGateways(this IEndpointRouteBuilder api)
    {
        api.MapGet("/gateways", async (Lists lists, string? name, int? pageSize, string? pageToken, CancellationToken stop) =>
                TypedResults.Ok(await lists.ResourcesAsync("gateway", null, name, pageSize, pageToken, Views.Gateway, stop)))
            .OpenTo(Roles.Auditors).WithName("listGateways").WithTags("gateways").WithSummary("The account's gateways, oldest first; `name` selects one by its name.").Refuses(ErrorCodes.InvalidArgument);
        api.MapGet("/gateways/{gatewayId}", async (string gatewayId, IGrainFactory grains, bool? live) =>
            {
                var gateway = Gateway(grains, gatewayId);
                var known = await gateway.Describe();
                return TypedResults.Ok(Views.Of(known, live == true ? await gateway.DescribeLive(ResourceId.New(ResourceKind.Request)) : null));
            })
            .OpenTo(Roles.Auditors).WithName("getGateway").WithTags("gateways").WithSummary("One gateway; with `live=true` its agent is asked over the connection that it opened.")
            .Refuses(ErrorCodes.NotFound, ErrorCodes.GatewayNotConnected, ErrorCodes.GatewayTimeout);
        api.MapPatch("/gateways/{gatewayId}", async (string gatewayId, RenameGatewayRequest request, IGrainFactory grains) =>
            {
                var gateway = Gateway(grains, gatewayId);
                await gateway.Rename(request.Name);
                return TypedResults.Ok(Views.Of(await gateway.Describe()));
            })
            .OpenTo(Roles.Admins).WithName("renameGateway").WithTags("gateways").WithSummary("Changes a gateway's name.").Refuses(ErrorCodes.InvalidArgument, ErrorCodes.NotFound, ErrorCodes.NameInUse);
        api.MapPut("/gateways/{gatewayId}/bandwidth", async (string gatewayId, BandwidthView limits, IGrainFactory grains) =>
            {
                var gateway = Gateway(grains, gatewayId);
                await gateway.SetBandwidth(BandwidthViews.Of(limits));
                return TypedResults.Ok(BandwidthViews.Of((await gateway.Describe()).Bandwidth));
            })
            .OpenTo(Roles.Admins).WithName("setBandwidth").WithTags("gateways").WithSummary("Sets how fast a gateway may use its uplink, with other rates in parts of the week.")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.NotFound);
        api.MapPost("/gateways/{gatewayId}/rotate-credential", async (string gatewayId, IGrainFactory grains) =>
            {
                var rotated = await Gateway(grains, gatewayId).RotateCredential(ResourceId.New(ResourceKind.Request));
                return TypedResults.Ok(new CredentialRotatedView(rotated.Thumbprint, rotated.ExpiresAt));
            })
            .OpenTo(Roles.Admins).WithName("rotateGatewayCredential").WithTags("gateways")
            .WithSummary("Has the gateway make a new key pair and get a certificate for it; answers when its link is open with it. The old one is revoked.")
            .Refuses(ErrorCodes.NotFound, ErrorCodes.GatewayNotConnected, ErrorCodes.GatewayTimeout);
        api.MapDelete("/gateways/{gatewayId}", async (string gatewayId, IGrainFactory grains) =>
            {
                await Gateway(grains, gatewayId).Deactivate();
                return TypedResults.NoContent();
            })
            .OpenTo(Roles.Admins).WithName("deactivateGateway").WithTags("gateways").WithSummary("Revokes a gateway's credentials and ends its link; volumes' data and snapshots stay.").Refuses(ErrorCodes.NotFound);
    }

    /// <summary>The grain of a well-formed gateway id.</summary>
    public static IGatewayGrain Gateway(IGrainFactory grains, string gatewayId)
    {
        Ids.Require(ResourceKind.Gateway, gatewayId, "Gateway");
        return grains.GetGrain<IGatewayGrain>(gatewayId);
    }
}
