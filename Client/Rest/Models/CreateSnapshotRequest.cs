namespace Tidegate.Client.Rest.Models;

/// <summary>
/// Body of <c>POST /v1/volumes/{id}/snapshots</c>. With a header <c>Idempotency-Key</c> a repeated request answers with
/// the same snapshot.
/// </summary>
/// <param name="Description">The customer's words; at most 128 characters.</param>
/// <param name="Point">Recovery point that it is to be of; null for the volume as it is at its gateway now.</param>
public sealed record CreateSnapshotRequest(string Description, RecoveryPointRequest? Point = null);
