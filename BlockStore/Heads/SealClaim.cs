using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Heads;

/// <summary>One seal record of an attaching log.</summary>
public sealed record SealClaim(long Sequence, long LogStart, long LogEnd, SegmentDigest Digest);
