using System.Data.Common;
using Dapper;
using Tidegate.Silo.Schema;

namespace Tidegate.Silo.Hosting;

/// <summary>Health: live says that the process answers; ready says that it can do its work.</summary>
internal static class HealthRoutes
{
    private static readonly TimeSpan DatabaseLimit = TimeSpan.FromSeconds(2);

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        // Never touches the database: a silo must not be killed because its database is away.
        routes.MapGet("/healthz/live", () => TypedResults.Text("live\n")).ExcludeFromDescription();
        routes.MapGet("/healthz/ready", async (StateStore store, Readiness readiness, CancellationToken stop) =>
            !readiness.IsReady ? Refuse("starting or stopping")
            : await AnswersAsync(store, stop) ? TypedResults.Text("ready\n")
            : Refuse("the state database does not answer")).ExcludeFromDescription();
    }

    private static IResult Refuse(string reason) => TypedResults.Text($"not ready: {reason}\n", statusCode: StatusCodes.Status503ServiceUnavailable);

    private static async Task<bool> AnswersAsync(StateStore store, CancellationToken stop)
    {
        try
        {
            return await store.ReadAsync(connection => connection.ExecuteScalarAsync<int>("SELECT 1"), stop).WaitAsync(DatabaseLimit, stop) == 1;
        }
        catch (Exception e) when (e is DbException or TimeoutException or InvalidOperationException)
        {
            return false;
        }
    }
}
