using System.Globalization;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Api;
using Tidegate.Silo.Console.Views;

namespace Tidegate.Silo.Console;

/// <summary>Volumes: list, one with its snapshots and recovery points, making one, empty or from those, taking a snapshot, deleting.</summary>
internal static class VolumePages
{
    private const string DefaultSize = "10";
    private const string DefaultUnit = "GiB";

    private static readonly Dictionary<string, long> Units = new(StringComparer.Ordinal) { ["MiB"] = 1L << 20, ["GiB"] = 1L << 30, ["TiB"] = 1L << 40 };

    public static void MapVolumePages(this IEndpointRouteBuilder routes)
    {
        routes.MapPage("/volumes", ListAsync, Roles.Readers);
        routes.MapPage("/volumes/new", DraftAsync, Roles.Owners);
        routes.MapForm("/volumes/new", CreateAsync, DraftAsync, Roles.Owners);
        routes.MapPage("/volumes/{id}", ShowAsync, Roles.Readers);
        routes.MapForm("/volumes/{id}/snapshots", TakeSnapshotAsync, ShowAsync, Roles.Uploaders);
        routes.MapPage("/volumes/{id}/delete", ConfirmAsync, Roles.Admins);
        routes.MapForm("/volumes/{id}/delete", DeleteAsync, ConfirmAsync, Roles.Admins);
    }

    private static async Task<IResult> ListAsync(PageRequest request)
    {
        var fleet = request.Service<Fleet>();
        var page = await fleet.VolumesAsync(null, request.Value("page"), request.Stop);
        return await request.PageAsync<VolumesPage>(
            "Volumes", (nameof(VolumesPage.Rows), page.Items), (nameof(VolumesPage.Names), await fleet.GatewayNamesAsync(page.Items.Select(static volume => volume.GatewayId))),
            (nameof(VolumesPage.Next), request.Next(page.NextPageToken)));
    }

    private static async Task<IResult> ShowAsync(PageRequest request)
    {
        var fleet = request.Service<Fleet>();
        var volume = await fleet.VolumeAsync(request.Route("id"));
        var (snapshots, more) = await fleet.NewestSnapshotsAsync(volume.VolumeId, request.Stop);
        return await request.PageAsync<VolumePage>(
            volume.Name, (nameof(VolumePage.Volume), volume), (nameof(VolumePage.Snapshots), snapshots), (nameof(VolumePage.MoreSnapshots), more),
            (nameof(VolumePage.GatewayName), (await fleet.GatewayNamesAsync([volume.GatewayId])).GetValueOrDefault(volume.GatewayId, volume.GatewayId)),
            (nameof(VolumePage.Points), await fleet.NewestPointsAsync(volume)), (nameof(VolumePage.Description), request.Value("description")));
    }

    private static async Task<IResult> DraftAsync(PageRequest request)
    {
        var fleet = request.Service<Fleet>();
        var snapshot = request.Value("snapshot") is { Length: > 0 } snapshotId ? await fleet.SnapshotAsync(snapshotId) : null;
        var origin = snapshot is null && request.Value("pointOf") is { Length: > 0 } volumeId ? await fleet.VolumeAsync(volumeId) : null;
        var draft = new VolumeDraft(
            request.Value("gateway"), request.Value("name"), request.Value("size") is { Length: > 0 } size ? size : DefaultSize,
            request.Value("unit") is { Length: > 0 } unit ? unit : DefaultUnit, snapshot, origin, origin is null ? 0 : Number(request.Value("point")));
        return await request.PageAsync<NewVolumePage>(
            draft.HasSource ? "Restore to a new volume" : "Create a volume", (nameof(NewVolumePage.Draft), draft),
            (nameof(NewVolumePage.Gateways), await fleet.GatewayChoicesAsync(request.Stop)));
    }

    private static async Task<IResult> CreateAsync(PageRequest request)
    {
        var (snapshot, origin) = (request.Value("snapshot"), request.Value("pointOf"));
        var wanted = new CreateVolumeRequest(
            request.Value("gateway"), request.Value("name"), snapshot.Length > 0 || origin.Length > 0 ? null : SizeOf(request),
            snapshot.Length > 0 ? snapshot : null, snapshot.Length == 0 && origin.Length > 0 ? new SourcePointRequest(origin, Sequence: Number(request.Value("point"))) : null);
        var made = await VolumeRoutes.CreateAsync(request.Grains, request.NewId(ResourceKind.Volume), wanted);
        return PageRequest.GoTo($"/volumes/{made.VolumeId}?done=volume-made");
    }

    private static async Task<IResult> TakeSnapshotAsync(PageRequest request)
    {
        var taken = await VolumeRoutes.Volume(request.Grains, request.Route("id"))
            .CreateSnapshot(request.NewId(ResourceKind.Snapshot), request.Value("description"), request.NewId(ResourceKind.Request));
        return PageRequest.GoTo($"/snapshots/{taken.SnapshotId}?done=snapshot-taken");
    }

    private static async Task<IResult> ConfirmAsync(PageRequest request)
    {
        var volume = await request.Service<Fleet>().VolumeAsync(request.Route("id"));
        return await request.PageAsync<ConfirmPage>(
            $"Delete {volume.Name}", (nameof(ConfirmPage.Action), $"/volumes/{volume.VolumeId}/delete"), (nameof(ConfirmPage.Back), $"/volumes/{volume.VolumeId}"),
            (nameof(ConfirmPage.Button), "Delete the volume"),
            (nameof(ConfirmPage.Text), (string[])
            [
                $"Its gateway stops serving the volume of {Figures.Bytes(volume.SizeBytes)}. Its recovery points go with it.",
                "Its snapshots stay, and can be restored to new volumes.",
            ]));
    }

    private static async Task<IResult> DeleteAsync(PageRequest request)
    {
        await VolumeRoutes.Volume(request.Grains, request.Route("id")).Delete();
        return PageRequest.GoTo("/volumes?done=volume-deleted");
    }

    private static long SizeOf(PageRequest request)
    {
        var (count, unit) = (Number(request.Value("size")), Units.GetValueOrDefault(request.Value("unit")));
        return unit > 0 && count is > 0 and <= 1 << 20
            ? count * unit
            : throw new TidegateException(ErrorCodes.InvalidArgument, "The size is no whole number of MiB, GiB or TiB.", "Give one from 1 MiB to 16 TiB.");
    }

    private static long Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
