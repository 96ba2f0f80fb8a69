using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Silo.Api;
using Tidegate.Silo.Console.Views;

namespace Tidegate.Silo.Console;

/// <summary>What pages and live parts show: lists from the projection, states from the grains themselves, as the API gives them.</summary>
internal sealed class Fleet(IGrainFactory grains, Lists lists)
{
    /// <summary>Rows of a page.</summary>
    public const int PageSize = 25;

    /// <summary>Snapshots and recovery points on a volume's page.</summary>
    public const int Newest = 20;

    private const int MaxChoices = 200;

    /// <summary>A page of gateways with their states.</summary>
    public async Task<Page<GatewayRow>> GatewaysAsync(string? pageToken, CancellationToken stop)
    {
        var page = await lists.ResourcesAsync("gateway", null, null, PageSize, pageToken, Api.Views.Gateway, stop);
        return new([.. await Task.WhenAll(page.Items.Select(async one => new GatewayRow(one, await UnlessGoneAsync(() => GatewayAsync(one.GatewayId)))))], page.NextPageToken);
    }

    /// <summary>Gateways to choose from.</summary>
    public async Task<IReadOnlyList<GatewaySummary>> GatewayChoicesAsync(CancellationToken stop) =>
        (await lists.ResourcesAsync("gateway", null, null, MaxChoices, null, Api.Views.Gateway, stop)).Items;

    /// <summary>One gateway.</summary>
    public async Task<GatewayView> GatewayAsync(string gatewayId) => Api.Views.Of(await GatewayRoutes.Gateway(grains, gatewayId).Describe());

    /// <summary>A page of volumes, of one gateway or of all.</summary>
    public async Task<Page<VolumeView>> VolumesAsync(string? gatewayId, string? pageToken, CancellationToken stop)
    {
        var page = await lists.ResourcesAsync("volume", gatewayId, null, PageSize, pageToken, Api.Views.Volume, stop);
        var volumes = await Task.WhenAll(page.Items.Select(one => UnlessGoneAsync(() => VolumeAsync(one.VolumeId))));
        return new([.. volumes.OfType<VolumeView>()], page.NextPageToken);
    }

    /// <summary>One volume.</summary>
    public async Task<VolumeView> VolumeAsync(string volumeId) => Api.Views.Of(await VolumeRoutes.Volume(grains, volumeId).Describe());

    /// <summary>A volume's newest snapshots, newest first, and whether there are more.</summary>
    public async Task<(IReadOnlyList<SnapshotView> Snapshots, bool More)> NewestSnapshotsAsync(string volumeId, CancellationToken stop)
    {
        var found = await lists.NewestAsync("snapshot", volumeId, Newest + 1, Api.Views.Snapshot, stop);
        // How far those are that are on their way, they say themselves.
        var current = await Task.WhenAll(found.Take(Newest).Select(async snapshot =>
            snapshot.State is SnapshotState.Completed or SnapshotState.Failed ? snapshot : await UnlessGoneAsync(() => SnapshotAsync(snapshot.SnapshotId)) ?? snapshot));
        return (current, found.Count > Newest);
    }

    /// <summary>A page of snapshots, of one volume or of all.</summary>
    public Task<Page<SnapshotView>> SnapshotsAsync(string? volumeId, string? pageToken, CancellationToken stop) =>
        lists.ResourcesAsync("snapshot", volumeId, null, PageSize, pageToken, Api.Views.Snapshot, stop);

    /// <summary>One snapshot.</summary>
    public async Task<SnapshotView> SnapshotAsync(string snapshotId)
    {
        Ids.Require(ResourceKind.Snapshot, snapshotId, "Snapshot");
        return Api.Views.Of(await grains.GetGrain<ISnapshotGrain>(snapshotId).Describe());
    }

    /// <summary>A volume's newest recovery points, newest first.</summary>
    public async Task<IReadOnlyList<RecoveryPointView>> NewestPointsAsync(VolumeView volume)
    {
        // Points are committed sequences: those of the window end with the newest, so that a page that begins as far before it has the last ones.
        var page = await VolumeRoutes.Volume(grains, volume.VolumeId).ListRecoveryPoints(Math.Max(0, volume.CommittedSequence - Newest), Newest);
        return [.. page.Points.Select(Api.Views.Of).Reverse()];
    }

    /// <summary>Names of the gateways of volumes.</summary>
    public async Task<IReadOnlyDictionary<string, string>> GatewayNamesAsync(IEnumerable<string> gatewayIds) =>
        await NamesAsync(gatewayIds, async id => (await GatewayAsync(id)).Name);

    /// <summary>Names of the volumes of snapshots.</summary>
    public async Task<IReadOnlyDictionary<string, string>> VolumeNamesAsync(IEnumerable<string> volumeIds) =>
        await NamesAsync(volumeIds, async id => (await VolumeAsync(id)).Name);

    /// <summary>What <paramref name="read"/> finds; null when it is gone, or not for this role.</summary>
    public static async Task<T?> UnlessGoneAsync<T>(Func<Task<T>> read)
        where T : class
    {
        try
        {
            return await read();
        }
        catch (TidegateException gone) when (gone.Code is ErrorCodes.NotFound or ErrorCodes.Forbidden)
        {
            return null;
        }
    }

    private static async Task<IReadOnlyDictionary<string, string>> NamesAsync(IEnumerable<string> ids, Func<string, Task<string>> name)
    {
        var named = await Task.WhenAll(ids.Distinct().Select(async id => (id, Name: await UnlessGoneAsync(() => name(id)))));
        return named.Where(static one => one.Name is { Length: > 0 }).ToDictionary(static one => one.id, static one => one.Name!);
    }
}
