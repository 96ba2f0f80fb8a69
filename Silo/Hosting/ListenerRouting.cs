namespace Tidegate.Silo.Hosting;

/// <summary>Keeps each route on its own listener: elsewhere it does not exist.</summary>
internal static class ListenerRouting
{
    /// <summary>Marks the routes of a listener.</summary>
    public static RouteGroupBuilder MapListener(this IEndpointRouteBuilder routes, Listener listener) =>
        routes.MapGroup("").WithMetadata(new OnListener(listener));

    /// <summary>Marks the connections of a listener.</summary>
    public static void Mark(this Microsoft.AspNetCore.Server.Kestrel.Core.ListenOptions listen, Listener listener) => listen.Use(next => connection =>
    {
        connection.Features.Set(new OnListener(listener));
        return next(connection);
    });

    /// <summary>Lets a request through only to the routes of the listener that it came by.</summary>
    public static void UseListenerRouting(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        var route = context.GetEndpoint()?.Metadata.GetMetadata<OnListener>();
        if (route is not null && context.Features.Get<OnListener>()?.Listener != route.Listener) context.SetEndpoint(null);
        return next(context);
    });

    /// <summary>Whether a request came by a listener.</summary>
    public static bool IsOn(this HttpContext context, Listener listener) => context.Features.Get<OnListener>()?.Listener == listener;

    private sealed record OnListener(Listener Listener);
}
