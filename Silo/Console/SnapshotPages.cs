using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Silo.Api;
using Tidegate.Silo.Console.Views;

namespace Tidegate.Silo.Console;

/// <summary>Snapshots: list, one with its progress, deleting with what that would free. They are taken and restored on volumes' pages.</summary>
internal static class SnapshotPages
{
    public static void MapSnapshotPages(this IEndpointRouteBuilder routes)
    {
        routes.MapPage("/snapshots", ListAsync, Roles.Readers);
        routes.MapPage("/snapshots/{id}", ShowAsync, Roles.Readers);
        routes.MapPage("/snapshots/{id}/delete", ConfirmAsync, Roles.Admins);
        routes.MapForm("/snapshots/{id}/delete", DeleteAsync, ConfirmAsync, Roles.Admins);
    }

    private static async Task<IResult> ListAsync(PageRequest request)
    {
        var fleet = request.Service<Fleet>();
        var volume = request.Value("volume") is { Length: > 0 } asked ? asked : null;
        var page = await fleet.SnapshotsAsync(volume, request.Value("page"), request.Stop);
        return await request.PageAsync<SnapshotsPage>(
            "Snapshots", (nameof(SnapshotsPage.Rows), page.Items), (nameof(SnapshotsPage.Names), await fleet.VolumeNamesAsync(page.Items.Select(static snapshot => snapshot.VolumeId))),
            (nameof(SnapshotsPage.Next), request.Next(page.NextPageToken, ("volume", volume ?? ""))));
    }

    private static async Task<IResult> ShowAsync(PageRequest request)
    {
        var fleet = request.Service<Fleet>();
        var snapshot = await fleet.SnapshotAsync(request.Route("id"));
        var name = (await fleet.VolumeNamesAsync([snapshot.VolumeId])).GetValueOrDefault(snapshot.VolumeId, snapshot.VolumeId);
        return await request.PageAsync<SnapshotPage>($"Snapshot of {name}", (nameof(SnapshotPage.Snapshot), snapshot), (nameof(SnapshotPage.VolumeName), name));
    }

    private static async Task<IResult> ConfirmAsync(PageRequest request)
    {
        var snapshot = await request.Service<Fleet>().SnapshotAsync(request.Route("id"));
        var estimate = await VolumeRoutes.Volume(request.Grains, snapshot.VolumeId).EstimateReclaim([snapshot.SnapshotId]);
        return await request.PageAsync<ConfirmPage>(
            "Delete a snapshot", (nameof(ConfirmPage.Action), $"/snapshots/{snapshot.SnapshotId}/delete"), (nameof(ConfirmPage.Back), $"/snapshots/{snapshot.SnapshotId}"),
            (nameof(ConfirmPage.Button), "Delete the snapshot"),
            (nameof(ConfirmPage.Text), (string[])
            [
                snapshot.Description.Length > 0 ? $"{snapshot.SnapshotId}: {snapshot.Description}" : snapshot.SnapshotId,
                $"That frees {(estimate.IsAtLeast ? "at least " : "")}{Figures.Bytes(estimate.Bytes)} of stored data.",
                "No other snapshot loses anything, and volumes that were restored from this one live on. It cannot be undone.",
            ]));
    }

    private static async Task<IResult> DeleteAsync(PageRequest request)
    {
        Ids.Require(ResourceKind.Snapshot, request.Route("id"), "Snapshot");
        await request.Grains.GetGrain<ISnapshotGrain>(request.Route("id")).Delete();
        return PageRequest.GoTo("/snapshots?done=snapshot-deleted");
    }
}
