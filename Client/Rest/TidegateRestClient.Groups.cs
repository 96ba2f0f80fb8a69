using System.Security.Cryptography;
using Tidegate.Client.Rest.Models;

namespace Tidegate.Client.Rest;

// Snapshots of several volumes at one point.
public sealed partial class TidegateRestClient
{
    /// <summary>
    /// Takes snapshots of several volumes of one gateway at one point; returns once that is durable there, or with a group that waits (M2.8). Tried again
    /// after a failure, under one idempotency key.
    /// </summary>
    public Task<SnapshotGroupView> CreateSnapshotGroupAsync(
        CreateSnapshotGroupRequest request, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(
            Repeatable("/v1/snapshot-groups", idempotencyKey ?? RandomNumberGenerator.GetHexString(32, lowercase: true)),
            request, RestJson.Default.CreateSnapshotGroupRequest, RestJson.Default.SnapshotGroupView, cancellationToken);

    /// <summary>A group and its snapshots. Throws <c>NotFound</c>.</summary>
    public Task<SnapshotGroupView> GetSnapshotGroupAsync(string groupId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(RestCall.Get("/v1/snapshot-groups/" + Escape(groupId)), RestJson.Default.SnapshotGroupView, cancellationToken);
}
