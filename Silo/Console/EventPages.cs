using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Console.Views;

namespace Tidegate.Silo.Console;

/// <summary>The audit log, newest first.</summary>
internal static class EventPages
{
    private const int PageSize = 50;

    public static void MapEventPages(this IEndpointRouteBuilder routes) => routes.MapPage("/events", ListAsync, Roles.Auditors);

    private static async Task<IResult> ListAsync(PageRequest request)
    {
        var of = request.Value("of");
        var page = await request.Lists.LatestAuditAsync(of.Length > 0 ? of : null, PageSize, request.Value("page"), request.Stop);
        return await request.PageAsync<EventsPage>(
            "Events", (nameof(EventsPage.Of), of), (nameof(EventsPage.Rows), page.Items),
            (nameof(EventsPage.Next), request.Next(page.NextPageToken, ("of", of))));
    }
}
