using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Rebuild;

/// <summary>A segment stored after the newest manifest, in the order of the log.</summary>
/// <param name="Reference">Which, and its size.</param>
/// <param name="Header">What it says of itself, authenticated.</param>
/// <param name="FrameBytes">Stored bytes of its frames.</param>
/// <param name="StoredAt">When the bucket got it: the nearest there is to the time of its commit.</param>
public sealed record FollowedSegment(SegmentReference Reference, SegmentHeader Header, long FrameBytes, DateTimeOffset StoredAt)
{
    internal TailEntry ToTailEntry() => new(Reference, Header.Digest, Header.LogEnd, (int)FrameBytes, StoredAt, Header.HostTimeEnd);
}
