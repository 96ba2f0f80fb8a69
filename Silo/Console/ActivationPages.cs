using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Api;
using Tidegate.Silo.Console.Views;

namespace Tidegate.Silo.Console;

/// <summary>Steps 5 to 7 of activation, where the gateway's own page leads (<c>docs/protocols/activation.md</c>).</summary>
internal static class ActivationPages
{
    public static void MapActivationPages(this IEndpointRouteBuilder routes)
    {
        routes.MapPage("/activate", ShowAsync, ConsoleRoles.Everybody);
        routes.MapForm("/activate", ClaimAsync, ShowAsync, Roles.Owners);
    }

    private static async Task<IResult> ShowAsync(PageRequest request)
    {
        var key = request.Value("activationKey");
        var preview = key.Length > 0 && Roles.Owners.Contains(request.Caller.Role) ? await PreviewAsync(request, key) : null;
        return await request.PageAsync<ActivationPage>(
            "Activate a gateway", (nameof(ActivationPage.Key), key), (nameof(ActivationPage.Preview), preview),
            (nameof(ActivationPage.Name), request.Value("name") is { Length: > 0 } typed ? typed : SuggestedName(preview)),
            (nameof(ActivationPage.TimeZone), request.Value("timeZone")));
    }

    // A key of no use is told of beside the field to type another one into.
    private static async Task<ActivationPreviewView?> PreviewAsync(PageRequest request, string key)
    {
        try
        {
            ActivationRoutes.Count(request.Context, request.Service<RequestLimits>());
            return Api.Views.Of(await ActivationRoutes.Session(request.Grains, key).Preview());
        }
        catch (TidegateException refusal)
        {
            var failure = RequestFailure.Of(refusal);
            if (request.Error is null) request.Refuse(ConsoleMiddleware.ErrorOf(failure, request.Context), failure.Status);
            return null;
        }
    }

    private static async Task<IResult> ClaimAsync(PageRequest request)
    {
        ActivationRoutes.Count(request.Context, request.Service<RequestLimits>());
        ActivationRoutes.RequireZone(request.Value("timeZone"));
        var claim = await ActivationRoutes.Session(request.Grains, request.Value("activationKey")).Claim(request.Value("name"), request.Value("timeZone"));
        return PageRequest.GoTo($"/gateways/{claim.GatewayId}?done=activated");
    }

    private static string SuggestedName(ActivationPreviewView? preview) =>
        string.Concat((preview?.Metadata.HostName ?? "").Split('.')[0].Where(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_').Take(63)).TrimStart('-', '_');
}
