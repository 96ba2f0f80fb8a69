namespace Tidegate.Grains.Interfaces.Snapshots;

/// <summary>A copy of a snapshot that was offered.</summary>
/// <param name="CopyId">The copy: the volume id of the lineage that it makes.</param>
/// <param name="AccountId">Whose it is.</param>
/// <param name="OfferId">The offer that was accepted.</param>
/// <param name="SnapshotId">The snapshot that there is once it is complete.</param>
/// <param name="State">How far it is.</param>
/// <param name="Progress">0 to 1: share of the image that is copied or holds nothing.</param>
/// <param name="SizeBytes">Size of the image.</param>
/// <param name="CopiedBytes">Bytes of data that were copied, before compression.</param>
/// <param name="BegunAt">When it was accepted.</param>
/// <param name="EndedAt">When it ended; null while it is being made.</param>
/// <param name="FailureReason">Why it failed; empty otherwise.</param>
[GenerateSerializer, Immutable, Alias("tidegate.snapshot-copy-description")]
public sealed record SnapshotCopyDescription(
    [property: Id(0)] string CopyId,
    [property: Id(1)] string AccountId,
    [property: Id(2)] string OfferId,
    [property: Id(3)] string SnapshotId,
    [property: Id(4)] SnapshotCopyState State,
    [property: Id(5)] double Progress,
    [property: Id(6)] long SizeBytes,
    [property: Id(7)] long CopiedBytes,
    [property: Id(8)] DateTimeOffset BegunAt,
    [property: Id(9)] DateTimeOffset? EndedAt,
    [property: Id(10)] string FailureReason);
