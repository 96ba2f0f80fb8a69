using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Tidegate.Client.Rest;
using Tidegate.Grains.Accounts;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Security;
using Tidegate.Silo.Hosting;
using Tidegate.Silo.Options;

namespace Tidegate.Silo.Console;

/// <summary>Signing in with an identity provider: authorization code with PKCE, then a session like any other (<c>docs/protocols/console.md</c>, Users).</summary>
internal static class ProviderSignIn
{
    private const string Scheme = "provider";
    private const string StartPath = "/sign-in/provider";
    private const string CallbackPath = "/sign-in/callback";

    /// <summary>Its services, when there is a provider.</summary>
    public static void AddProviderSignIn(this IServiceCollection services, IdentityProviderOptions provider, byte[] secret)
    {
        services.AddSingleton(provider);
        if (!provider.IsOn) return;
        services.AddSingleton<IDataProtectionProvider>(new SharedSecretProtection(secret));
        services.AddAuthentication().AddOpenIdConnect(Scheme, options => Configure(options, provider));
    }

    /// <summary>Keeps the host from asking the provider's handler who calls, before everything and on every listener: sessions say it.</summary>
    public static void KeepProviderApart(this IApplicationBuilder app) => app.Properties["__AuthenticationMiddlewareSet"] = true;

    /// <summary>Where a sign-in begins, and where the provider's answer comes back.</summary>
    public static void MapProviderSignIn(this IEndpointRouteBuilder routes)
    {
        if (!routes.ServiceProvider.GetRequiredService<IdentityProviderOptions>().IsOn) return;
        routes.MapGet(StartPath, (HttpContext context) => Results.Challenge(
            new AuthenticationProperties { RedirectUri = ConsoleRoutes.ReturnPath(context.Request.Query["return"]) }, [Scheme])).ExcludeFromDescription();
        routes.MapGet(CallbackPath, async (HttpContext context, IAuthenticationHandlerProvider handlers) =>
        {
            // It answers by itself, or throws what the visitor is told.
            if (await handlers.GetHandlerAsync(context, Scheme) is IAuthenticationRequestHandler handler) await handler.HandleRequestAsync();
        }).ExcludeFromDescription();
    }

    private static void Configure(OpenIdConnectOptions options, IdentityProviderOptions provider)
    {
        options.Authority = provider.Authority;
        options.ClientId = provider.ClientId;
        options.ClientSecret = provider.ClientSecret.IsEmpty ? null : provider.ClientSecret.Reveal();
        if (provider.CaFile.Length > 0) options.BackchannelHttpHandler = PinnedTrust.CreateHandler(provider.CaFile);
        options.ResponseType = OpenIdConnectResponseType.Code;
        // By GET: cookies that are lax come along, and none has to be open to other sites.
        options.ResponseMode = OpenIdConnectResponseMode.Query;
        options.UsePkce = true;
        options.MapInboundClaims = false;
        options.SaveTokens = false;
        options.CallbackPath = CallbackPath;
        // Nothing signs in by it: the ticket becomes a session of ours.
        options.SignInScheme = Scheme + "-none";
        options.Scope.Clear();
        foreach (var scope in (string[])["openid", .. provider.Scopes.Count > 0 ? provider.Scopes : ["profile", "email"]]) options.Scope.Add(scope);
        foreach (var cookie in new CookieBuilder[] { options.CorrelationCookie, options.NonceCookie })
            (cookie.SameSite, cookie.SecurePolicy, cookie.HttpOnly) = (SameSiteMode.Lax, CookieSecurePolicy.Always, true);
        options.Events.OnRedirectToIdentityProvider = static context =>
        {
            if (context.HttpContext.RequestServices.GetRequiredService<ServiceAddresses>().ConsoleUrl is { } console) context.ProtocolMessage.RedirectUri = console + CallbackPath;
            return Task.CompletedTask;
        };
        options.Events.OnRemoteFailure = static _ =>
            throw new TidegateException(ErrorCodes.Forbidden, "The identity provider did not sign you in.", "Try again from the sign-in page.");
        options.Events.OnTicketReceived = ReceiveAsync;
    }

    private static async Task ReceiveAsync(TicketReceivedContext ticket)
    {
        var (context, services) = (ticket.HttpContext, ticket.HttpContext.RequestServices);
        var (provider, claims) = (services.GetRequiredService<IdentityProviderOptions>(), ticket.Principal!);
        var subject = claims.FindFirst("sub");
        var name = claims.FindFirstValue(provider.NameClaim);
        if (provider.Mappings.FirstOrDefault(mapping => claims.HasClaim(mapping.Claim, mapping.Value)) is not { } mapped)
            throw new TidegateException(ErrorCodes.Forbidden, "You are signed in, and have no account here.", "Ask the operator to map one of your groups to an account.");
        if (UserNames.IdOf(name) is not { } userId || subject is null)
            throw new TidegateException(ErrorCodes.Forbidden, $"The identity provider gives no usable name in the claim '{provider.NameClaim}'.", "Ask the operator to name another claim.");
        ServiceCaller.Act();
        var started = await services.GetRequiredService<IGrainFactory>().GetGrain<IUserGrain>(userId)
            .SignInExternal(new UserSpecification(name!, mapped.AccountId, mapped.Role), subject.Issuer, subject.Value, SignInPages.OriginOf(context));
        services.GetRequiredService<ConsoleSessions>().Forget(userId);
        SignInPages.Keep(context, started);
        ticket.HandleResponse();
        await PageRequest.GoTo(ConsoleRoutes.ReturnPath(ticket.ReturnUri)).ExecuteAsync(context);
    }
}
