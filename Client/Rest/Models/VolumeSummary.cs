namespace Tidegate.Client.Rest.Models;

/// <summary>A volume in a list; the list is a projection and may be a moment behind (<c>GET /v1/volumes</c>).</summary>
/// <param name="VolumeId">The volume.</param>
/// <param name="GatewayId">Gateway that serves it.</param>
/// <param name="Name">Its name.</param>
/// <param name="SizeBytes">Its size.</param>
/// <param name="SourceSnapshotId">Snapshot it started from; empty for an empty volume.</param>
/// <param name="CreatedAt">Service time of its creation.</param>
public sealed record VolumeSummary(
    string VolumeId,
    string GatewayId,
    string Name,
    long SizeBytes,
    string SourceSnapshotId,
    DateTimeOffset CreatedAt);
