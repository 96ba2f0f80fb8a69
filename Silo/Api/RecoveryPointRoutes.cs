using System.Globalization;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Api;

/// <summary>A volume's recovery points.</summary>
internal static class RecoveryPointRoutes
{
    private const int DefaultPagePoints = 100;
    private const int MaxPagePoints = 1000;

    public static void MapRecoveryPoints(this IEndpointRouteBuilder api) =>
        api.MapGet("/volumes/{volumeId}/recovery-points", async (string volumeId, int? pageSize, string? pageToken, IGrainFactory grains, PageTokens tokens) =>
            {
                var volume = VolumeRoutes.Volume(grains, volumeId);
                if (pageSize is < 1 or > MaxPagePoints)
                    throw new TidegateException(ErrorCodes.InvalidArgument, $"pageSize is {pageSize}; it must be 1 to {MaxPagePoints} points.");
                var list = $"points {volumeId}";
                var after = tokens.Read(list, pageToken) is { } place ? long.Parse(place[0], CultureInfo.InvariantCulture) : 0;
                var page = await volume.ListRecoveryPoints(after, pageSize ?? DefaultPagePoints);
                var next = page.NextSequence is { } sequence ? tokens.Write(list, sequence.ToString(CultureInfo.InvariantCulture)) : null;
                return TypedResults.Ok(new RecoveryPointsView(
                    page.WindowFrom is { } from ? Views.Of(from) : null, page.WindowThrough is { } through ? Views.Of(through) : null,
                    [.. page.Points.Select(Views.Of)], next));
            })
            .OpenToBound(Roles.Readers).WithName("listRecoveryPoints").WithTags("volumes")
            .WithSummary("The commits that the volume can be restored, cloned and snapshotted at, oldest first, and the window in which every one is.")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.NotFound);
}
