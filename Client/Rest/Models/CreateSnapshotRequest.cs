namespace Tidegate.Client.Rest.Models;

/// <summary>
/// Body of <c>POST /v1/volumes/{id}/snapshots</c>. With a header <c>Idempotency-Key</c> a repeated request answers with
/// the same snapshot.
/// </summary>
/// <param name="Description">The customer's words; at most 256 characters.</param>
public sealed record CreateSnapshotRequest(string Description);
