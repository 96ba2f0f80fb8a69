namespace Tidegate.Silo.Console;

/// <summary>Adds the console to a silo.</summary>
internal static class ConsoleRegistration
{
    /// <summary>Its services; <paramref name="secret"/> is the one that all silos share.</summary>
    public static void AddConsole(this IServiceCollection services, byte[] secret) => services
        .AddSingleton(new FormTokens(secret)).AddSingleton<ConsoleAssets>().AddSingleton<ConsoleSessions>().AddSingleton<PageRenderer>().AddSingleton<LiveStreams>().AddSingleton<Fleet>();

    /// <summary>Its pages.</summary>
    public static void MapConsole(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/assets/{name}", (string name, HttpContext context, ConsoleAssets assets) => assets.Get(name, context)).ExcludeFromDescription();
        routes.MapPage("/", static request => Task.FromResult(PageRequest.GoTo(ConsoleRoles.Home(request.Caller.Role))), ConsoleRoles.Everybody);
        routes.MapSignIn();
        routes.MapProviderSignIn();
        routes.MapProfile();
        routes.MapActivationPages();
        routes.MapGatewayPages();
        routes.MapVolumePages();
        routes.MapSnapshotPages();
        routes.MapEventPages();
        routes.MapKeyPages();
        routes.MapLiveParts();
    }
}
