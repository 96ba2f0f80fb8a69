namespace Tidegate.Grains.Volumes.Copies;

/// <summary>A copy to be begun.</summary>
/// <param name="OfferId">The offer that was accepted.</param>
/// <param name="AccountId">Whose the copy is.</param>
/// <param name="SourceVolumeId">Volume of the snapshot that is copied.</param>
/// <param name="SourceSnapshotId">That snapshot.</param>
/// <param name="SizeBytes">Size of its image.</param>
/// <param name="PointAt">Service time of its point.</param>
/// <param name="SnapshotId">Id of the snapshot that the copy becomes.</param>
/// <param name="Description">Its owner's words for it.</param>
[GenerateSerializer, Immutable, Alias("tidegate.copy-request")]
internal sealed record CopyRequest(
    [property: Id(0)] string OfferId,
    [property: Id(1)] string AccountId,
    [property: Id(2)] string SourceVolumeId,
    [property: Id(3)] string SourceSnapshotId,
    [property: Id(4)] long SizeBytes,
    [property: Id(5)] DateTimeOffset? PointAt,
    [property: Id(6)] string SnapshotId,
    [property: Id(7)] string Description);
