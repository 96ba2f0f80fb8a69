using System.Globalization;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Silo.Api;

/// <summary>What differs between snapshots (M5.1).</summary>
internal static class ChangedBlockRoutes
{
    private const int DefaultPageBlocks = 1000;
    private const int MaxPageBlocks = 10_000;

    public static void MapChangedBlocks(this IEndpointRouteBuilder api) =>
        api.MapGet("/snapshots/{snapshotId}/changed-blocks", async (
                string snapshotId, string? since, int? pageSize, string? pageToken, IGrainFactory grains, PageTokens tokens) =>
            {
                Ids.Require(ResourceKind.Snapshot, snapshotId, "Snapshot");
                if (!string.IsNullOrEmpty(since)) Ids.Require(ResourceKind.Snapshot, since, "Snapshot");
                if (pageSize is < 1 or > MaxPageBlocks)
                    throw new TidegateException(ErrorCodes.InvalidArgument, $"pageSize is {pageSize}; it must be 1 to {MaxPageBlocks} blocks.");
                var list = $"changed {snapshotId} {since}";
                var from = tokens.Read(list, pageToken) is { } place ? long.Parse(place[0], CultureInfo.InvariantCulture) : 0;
                var changed = await grains.GetGrain<ISnapshotGrain>(snapshotId).ListChangedBlocks(since ?? "", from, pageSize ?? DefaultPageBlocks);
                var next = changed.NextBlock is { } block ? tokens.Write(list, block.ToString(CultureInfo.InvariantCulture)) : null;
                return TypedResults.Ok(new Page<ChangedExtent>([.. Extents(changed)], next));
            })
            .OpenToBound(Roles.Readers).WithName("listChangedBlocks").WithTags("snapshots")
            .WithSummary("What differs from an earlier snapshot (since), or without one all that holds data, as runs of 64 KiB blocks.")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.NotFound, ErrorCodes.InvalidState, ErrorCodes.Corrupt);

    private static IEnumerable<ChangedExtent> Extents(ChangedBlocks changed)
    {
        for (var i = 0; i < changed.Blocks.Count;)
        {
            var first = i++;
            while (i < changed.Blocks.Count && changed.Blocks[i] == changed.Blocks[i - 1] + 1) i++;
            var offset = changed.Blocks[first] * changed.BlockBytes;
            // The image's last block may be short; a block past its end is one that a larger, earlier image holds.
            yield return new ChangedExtent(offset, Math.Min((long)(i - first) * changed.BlockBytes, Math.Max(changed.SizeBytes - offset, changed.BlockBytes)));
        }
    }
}
