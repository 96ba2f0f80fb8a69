using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Grains.Volumes;

/// <summary>The projection's row of a volume, or of a copy of a snapshot while it is one (<c>docs/formats/audit.md</c>).</summary>
internal static class VolumeRow
{
    /// <summary>The row, or null when it does not appear in lists.</summary>
    public static object? Of(string volumeId, VolumeState state) => state switch
    {
        { Copy: not null } => OfCopy(volumeId, state),
        { DeletedAt: null, Head.Length: > 0, Specification: { } known } => new
        {
            type = "volume",
            id = volumeId,
            known.AccountId,
            known.GatewayId,
            known.Name,
            known.SizeBytes,
            known.SourceSnapshotId,
            state.CreatedAt,
        },
        _ => null,
    };

    // A cancelled one goes at once, a complete one with its snapshot; one that failed stays until its owner has read why.
    private static object? OfCopy(string copyId, VolumeState state)
    {
        var copy = state.Copy!;
        var isGone = copy.Stage == SnapshotCopyState.Completed && (state.IsDrained || state.ErasureBegunAt is not null);
        return copy.Stage == SnapshotCopyState.Cancelled || copy.IsRemoved || isGone
            ? null
            : new
            {
                type = "snapshot-copy",
                id = copyId,
                copy.Request.AccountId,
                copy.Request.OfferId,
                copy.Request.SnapshotId,
                state = copy.Stage,
                copy.Request.SizeBytes,
                copy.CopiedBytes,
                state.CreatedAt,
                copy.EndedAt,
                copy.FailureReason,
            };
    }
}
