namespace Tidegate.Silo.Data;

/// <summary>Routes of the data endpoint.</summary>
internal static class DataRoutes
{
    public static void MapDataEndpoint(this IEndpointRouteBuilder routes)
    {
        routes.MapPut("/data/v1/{**key}", (HttpContext context, string key, DataEndpoint endpoint) =>
            endpoint.PutAsync(context, key, context.Request.Query["ticket"])).ExcludeFromDescription();
        routes.MapGet("/data/v1/{**key}", (HttpContext context, string key, DataEndpoint endpoint) =>
            endpoint.GetAsync(context, key, context.Request.Query["ticket"])).ExcludeFromDescription();
    }
}
