namespace Tidegate.Client.Rest.Models;

/// <summary>A commit that a volume can be restored, cloned and snapshotted at: items of <c>GET /v1/volumes/{id}/recovery-points</c>.</summary>
/// <param name="Sequence">Names it within its volume.</param>
/// <param name="CommittedAt">Service time of the commit: what points are looked for by.</param>
/// <param name="HostTime">The host's clock at its last write; for display.</param>
/// <param name="IsThinned">True for one before the window that thinning has kept.</param>
public sealed record RecoveryPointView(long Sequence, DateTimeOffset CommittedAt, DateTimeOffset HostTime, bool IsThinned);
