namespace Tidegate.Client.Rest.Models;

/// <summary>Body of <c>POST /v1/volumes/{id}/estimate-reclaim</c>.</summary>
/// <param name="SnapshotIds">Snapshots of the volume, 1 to 64; unknown ones count nothing.</param>
public sealed record EstimateReclaimRequest(IReadOnlyList<string> SnapshotIds);
