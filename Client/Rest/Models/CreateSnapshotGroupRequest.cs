namespace Tidegate.Client.Rest.Models;

/// <summary>Body of <c>POST /v1/snapshot-groups</c>. With a header <c>Idempotency-Key</c> a repeated request answers with the same group.</summary>
/// <param name="VolumeIds">2 to 16 volumes of one gateway.</param>
/// <param name="Description">The customer's words; at most 128 characters.</param>
public sealed record CreateSnapshotGroupRequest(IReadOnlyList<string> VolumeIds, string Description = "");
