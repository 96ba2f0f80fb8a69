using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Api;
using Tidegate.Silo.Console.Views;

namespace Tidegate.Silo.Console;

/// <summary>Gateways: list, one with its volumes and alarms, renaming, deactivating.</summary>
internal static class GatewayPages
{
    public static void MapGatewayPages(this IEndpointRouteBuilder routes)
    {
        routes.MapPage("/gateways", ListAsync, Roles.Auditors);
        routes.MapPage("/gateways/{id}", ShowAsync, Roles.Auditors);
        routes.MapForm("/gateways/{id}/rename", RenameAsync, ShowAsync, Roles.Admins);
        routes.MapPage("/gateways/{id}/deactivate", ConfirmAsync, Roles.Admins);
        routes.MapForm("/gateways/{id}/deactivate", DeactivateAsync, ConfirmAsync, Roles.Admins);
    }

    private static async Task<IResult> ListAsync(PageRequest request)
    {
        var page = await request.Service<Fleet>().GatewaysAsync(request.Value("page"), request.Stop);
        return await request.PageAsync<GatewaysPage>(
            "Gateways", (nameof(GatewaysPage.Rows), page.Items), (nameof(GatewaysPage.Address), "/gateways" + request.Context.Request.QueryString.Value),
            (nameof(GatewaysPage.Next), request.Next(page.NextPageToken)));
    }

    private static async Task<IResult> ShowAsync(PageRequest request)
    {
        var fleet = request.Service<Fleet>();
        var gateway = await fleet.GatewayAsync(request.Route("id"));
        var volumes = await fleet.VolumesAsync(gateway.GatewayId, null, request.Stop);
        return await request.PageAsync<GatewayPage>(
            gateway.Name, (nameof(GatewayPage.Gateway), gateway), (nameof(GatewayPage.Volumes), volumes.Items),
            (nameof(GatewayPage.Name), request.Value("name") is { Length: > 0 } typed ? typed : gateway.Name));
    }

    private static async Task<IResult> RenameAsync(PageRequest request)
    {
        await GatewayRoutes.Gateway(request.Grains, request.Route("id")).Rename(request.Value("name"));
        return PageRequest.GoTo($"/gateways/{request.Route("id")}?done=renamed");
    }

    private static async Task<IResult> ConfirmAsync(PageRequest request)
    {
        var gateway = await request.Service<Fleet>().GatewayAsync(request.Route("id"));
        return await request.PageAsync<ConfirmPage>(
            $"Deactivate {gateway.Name}", (nameof(ConfirmPage.Action), $"/gateways/{gateway.GatewayId}/deactivate"), (nameof(ConfirmPage.Back), $"/gateways/{gateway.GatewayId}"),
            (nameof(ConfirmPage.Button), "Deactivate the gateway"),
            (nameof(ConfirmPage.Text), (string[])
            [
                "Its credentials are revoked and its connection ends within 5 seconds. It uploads nothing any more.",
                "Its volumes' data and snapshots stay; they can be restored to another gateway.",
            ]));
    }

    private static async Task<IResult> DeactivateAsync(PageRequest request)
    {
        await GatewayRoutes.Gateway(request.Grains, request.Route("id")).Deactivate();
        return PageRequest.GoTo("/gateways?done=deactivated");
    }
}
