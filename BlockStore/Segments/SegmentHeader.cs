namespace Tidegate.BlockStore.Segments;

/// <summary>What a segment says about itself, authenticated with its index.</summary>
/// <param name="Identity">Which segment it is.</param>
/// <param name="LogStart">First log position it holds.</param>
/// <param name="LogEnd">Position after the last.</param>
/// <param name="HostTimeStart">Host clock at its first record, in milliseconds; for display.</param>
/// <param name="HostTimeEnd">Host clock at its last record, in milliseconds; for display.</param>
/// <param name="PreviousDigest">Digest of the segment before.</param>
/// <param name="Digest">Its own.</param>
public sealed record SegmentHeader(
    SegmentIdentity Identity,
    long LogStart,
    long LogEnd,
    DateTimeOffset HostTimeStart,
    DateTimeOffset HostTimeEnd,
    SegmentDigest PreviousDigest,
    SegmentDigest Digest);
