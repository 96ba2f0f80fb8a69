using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Client.Rest.Models;

/// <summary>A copy of an offered snapshot: <c>GET /v1/copies/{id}</c>, and the items of <c>GET /v1/copies</c>.</summary>
/// <param name="CopyId">The copy; <c>volumeId</c> of its snapshot.</param>
/// <param name="AccountId">Whose it is.</param>
/// <param name="OfferId">The offer that was accepted.</param>
/// <param name="SnapshotId">The snapshot that there is once it is complete.</param>
/// <param name="State">How far it is.</param>
/// <param name="Progress">0 to 1: share of the image that is copied or holds nothing; null in lists while it is being made.</param>
/// <param name="SizeBytes">Size of the image.</param>
/// <param name="CopiedBytes">Bytes of data that were copied, before compression.</param>
/// <param name="BegunAt">When it was accepted.</param>
/// <param name="EndedAt">When it ended; null while it is being made.</param>
/// <param name="FailureReason">Why it failed; empty otherwise.</param>
public sealed record SnapshotCopyView(
    string CopyId,
    string AccountId,
    string OfferId,
    string SnapshotId,
    SnapshotCopyState State,
    double? Progress,
    long SizeBytes,
    long CopiedBytes,
    DateTimeOffset BegunAt,
    DateTimeOffset? EndedAt,
    string FailureReason);
