namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>A snapshot's place in the write order: seals cut exactly at <see cref="Position"/>.</summary>
/// <param name="SnapshotId">The snapshot that asked for it.</param>
/// <param name="Position">Log position after the barrier record: the snapshot holds every record before it and none after.</param>
internal sealed record BarrierPoint(string SnapshotId, long Position);
