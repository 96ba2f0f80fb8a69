using Tidegate.BlockStore.Segments;
using Tidegate.GatewayAgent.WriteLog;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>A range of the log that becomes one segment, with everything sealing needs.</summary>
/// <param name="Decision">Sequence, range and digest; its record is in the log before the segment leaves.</param>
/// <param name="IsRecorded">True when the log holds the decision already (recovery, or an epoch that ended).</param>
/// <param name="Previous">Digest of the segment before.</param>
/// <param name="Builder">Fed with the range. The holder disposes it.</param>
/// <param name="SnapshotIds">Snapshots whose barrier ends the range.</param>
/// <param name="HostTimeStart">Host clock at the first change, for display.</param>
/// <param name="HostTimeEnd">Host clock at the last change, for display.</param>
internal sealed record CutRange(
    SealDecision Decision,
    bool IsRecorded,
    SegmentDigest Previous,
    SegmentBuilder Builder,
    IReadOnlyList<string> SnapshotIds,
    DateTimeOffset HostTimeStart,
    DateTimeOffset HostTimeEnd);
