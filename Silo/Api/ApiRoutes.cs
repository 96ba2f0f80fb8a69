using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Link;

namespace Tidegate.Silo.Api;

/// <summary>The REST API under /v1 (<c>docs/protocols/rest.md</c>).</summary>
internal static class ApiRoutes
{
    public static void MapApi(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/v1").WithMetadata(new ApiAuthentication.Guarded())
            .ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status429TooManyRequests)
            .ProducesProblem(StatusCodes.Status500InternalServerError).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        api.MapGet("/me", () => TypedResults.Ok(Views.Of(Caller.Current)))
            .OpenToBound(Roles.Readers).WithName("getCaller").WithTags("accounts").WithSummary("Whom the presented API key stands for.");
        api.MapAudit();
        api.MapAccounts();
        api.MapUsers();
        api.MapActivations();
        api.MapGateways();
        api.MapVolumes();
        api.MapSnapshots();
        api.MapSnapshotGroups();
        api.MapOffers();
        api.MapChangedBlocks();
        api.MapRecoveryPoints();
        api.MapDeveloperLink();
    }

    /// <summary>Describes the errors that a route may answer with, by the one table.</summary>
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder route, params string[] codes)
    {
        foreach (var status in codes.Select(code => ErrorTable.For(code).Status).Distinct()) route.ProducesProblem(status);
        return route.WithDescription("Error codes: " + string.Join(", ", codes) + ".");
    }
}
