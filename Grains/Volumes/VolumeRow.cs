namespace Tidegate.Grains.Volumes;

/// <summary>The projection's row of a volume (<c>docs/formats/audit.md</c>).</summary>
internal static class VolumeRow
{
    /// <summary>The row, or null when the volume does not appear in lists.</summary>
    public static object? Of(string volumeId, VolumeState state) => state is not { DeletedAt: null, Head.Length: > 0, Specification: { } known }
        ? null
        : new
        {
            type = "volume",
            id = volumeId,
            known.AccountId,
            known.GatewayId,
            known.Name,
            known.SizeBytes,
            known.SourceSnapshotId,
            state.CreatedAt,
        };
}
