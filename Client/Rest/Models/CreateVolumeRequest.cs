namespace Tidegate.Client.Rest.Models;

/// <summary>Body of <c>POST /v1/volumes</c>.</summary>
/// <param name="GatewayId">Gateway that is to serve it.</param>
/// <param name="Name">Unique within the account; 1 to 63 of letters, digits, <c>-</c>, <c>_</c>, <c>.</c>; also the NBD export name.</param>
/// <param name="SizeBytes">Multiple of 4096, 1 MiB to 16 TiB; null with a source or an adopted store means its size.</param>
/// <param name="SourceSnapshotId">Completed snapshot to restore; null for an empty volume.</param>
/// <param name="SourcePoint">Recovery point to restore instead; null for another beginning.</param>
/// <param name="AdoptPath">Raw image or block device on the gateway's machine to make the volume of, with what it holds; null for another beginning.</param>
public sealed record CreateVolumeRequest(
    string GatewayId, string Name, long? SizeBytes = null, string? SourceSnapshotId = null, SourcePointRequest? SourcePoint = null, string? AdoptPath = null);
