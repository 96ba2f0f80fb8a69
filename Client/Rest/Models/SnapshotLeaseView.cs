namespace Tidegate.Client.Rest.Models;

/// <summary>A reader's hold on a snapshot: <c>PUT /v1/snapshots/{id}/leases/{leaseId}</c>.</summary>
/// <param name="LeaseId">The lease.</param>
/// <param name="ExpiresAt">Service time; renew it well before.</param>
public sealed record SnapshotLeaseView(string LeaseId, DateTimeOffset ExpiresAt);
