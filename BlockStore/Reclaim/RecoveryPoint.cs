namespace Tidegate.BlockStore.Reclaim;

/// <summary>A commit that the volume can be read at (<c>docs/formats/reclaim.md</c>, Recovery window).</summary>
/// <param name="Sequence">Last segment that it holds.</param>
/// <param name="CommittedAt">Service's clock at that commit: what points are looked for by.</param>
/// <param name="HostTime">Host's clock at its last record; for display.</param>
/// <param name="IsKept">True when it is before the window, and thinning has kept it.</param>
public sealed record RecoveryPoint(long Sequence, DateTimeOffset CommittedAt, DateTimeOffset HostTime, bool IsKept);
