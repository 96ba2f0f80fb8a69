using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Console.Views;

namespace Tidegate.Silo.Console;

/// <summary>The live parts that there are.</summary>
internal static class LiveParts
{
    public static void MapLiveParts(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/live/gateways", (HttpContext context, LiveStreams live, Fleet fleet, string? page) => live.OpenAsync<GatewaysTable>(
            context, Roles.Auditors, async stop => new() { [nameof(GatewaysTable.Rows)] = (await fleet.GatewaysAsync(page, stop)).Items })).ExcludeFromDescription();
        routes.MapGet("/live/gateways/{id}", (string id, HttpContext context, LiveStreams live, Fleet fleet) => live.OpenAsync<GatewayState>(
            context, Roles.Auditors,
            async stop => new()
            {
                [nameof(GatewayState.Gateway)] = await fleet.GatewayAsync(id),
                [nameof(GatewayState.Volumes)] = (await fleet.VolumesAsync(id, null, stop)).Items,
            })).ExcludeFromDescription();
        routes.MapGet("/live/volumes/{id}", (string id, HttpContext context, LiveStreams live, Fleet fleet) => live.OpenAsync<VolumeState>(
            context, Roles.Readers,
            async stop => new()
            {
                [nameof(VolumeState.Volume)] = await fleet.VolumeAsync(id),
                [nameof(VolumeState.Snapshots)] = (await fleet.NewestSnapshotsAsync(id, stop)).Snapshots,
            })).ExcludeFromDescription();
        routes.MapGet("/live/snapshots/{id}", (string id, HttpContext context, LiveStreams live, Fleet fleet) => live.OpenAsync<SnapshotFacts>(
            context, Roles.Readers, async _ => new() { [nameof(SnapshotFacts.Snapshot)] = await fleet.SnapshotAsync(id) })).ExcludeFromDescription();
    }
}
