using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Activation;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Api;

/// <summary>The customer's half of activation (mission 4, steps 6 and 7).</summary>
internal static class ActivationRoutes
{
    public static void MapActivations(this IEndpointRouteBuilder api)
    {
        api.MapPost("/activations/preview", async (HttpContext context, ActivationPreviewRequest request, IGrainFactory grains, RequestLimits limits) =>
            {
                Count(context, limits);
                return TypedResults.Ok(Views.Of(await Session(grains, request.ActivationKey.Reveal()).Preview()));
            })
            .OpenTo(Roles.Owners).WithName("previewActivation").WithTags("activation").WithSummary("What an activation key would activate.")
            .Refuses(ErrorCodes.ActivationKeyNotFound, ErrorCodes.ActivationKeyExpired, ErrorCodes.ActivationKeyInvalid, ErrorCodes.RateLimited);
        api.MapPost("/activations/claim", async (HttpContext context, ActivationClaimRequest request, IGrainFactory grains, RequestLimits limits) =>
            {
                Count(context, limits);
                RequireZone(request.TimeZone);
                return TypedResults.Ok(Views.Of(await Session(grains, request.ActivationKey.Reveal()).Claim(request.Name, request.TimeZone)));
            })
            .OpenTo(Roles.Owners).WithName("claimActivation").WithTags("activation").WithSummary("Binds the gateway behind an activation key to the caller's account.")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.NameInUse, ErrorCodes.ActivationKeyNotFound, ErrorCodes.ActivationKeyExpired, ErrorCodes.ActivationKeyInvalid, ErrorCodes.RateLimited);
    }

    /// <summary>The session of a key as it was typed.</summary>
    public static IActivationSessionGrain Session(IGrainFactory grains, string? typed) => ActivationKeyText.SessionIdOfTyped(typed) is { } session
        ? grains.GetGrain<IActivationSessionGrain>(session)
        : throw new TidegateException(ErrorCodes.ActivationKeyNotFound, "The activation key matches no gateway.", "Copy the key from the gateway's activation page; it has 26 letters and digits.");

    /// <summary>The gateway's schedules will be by it. A silo without the zones' data can only take the word.</summary>
    public static void RequireZone(string timeZone)
    {
        if (TimeZoneInfo.TryFindSystemTimeZoneById(timeZone, out var zone) ? zone.HasIanaId : !TimeZoneInfo.TryFindSystemTimeZoneById("Europe/London", out _)) return;
        throw new TidegateException(ErrorCodes.InvalidArgument, $"There is no time zone '{timeZone}'.", "Give an IANA name, for example Europe/Zurich.");
    }

    /// <summary>Guesses are counted for the address and for the account (M4.4).</summary>
    public static void Count(HttpContext context, RequestLimits limits)
    {
        limits.CountActivation(context.Connection.RemoteIpAddress?.ToString() ?? "");
        limits.CountActivation("account " + Caller.Current.AccountId);
    }
}
