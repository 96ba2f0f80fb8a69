namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>The decision that a segment holds exactly one range of the log; durable before the segment's first upload.</summary>
/// <param name="Sequence">The segment's sequence, from 1.</param>
/// <param name="First">First log position it holds.</param>
/// <param name="End">Position after the last.</param>
/// <param name="Digest">Keyed hash of the records in the range, at most 64 bytes.</param>
/// <param name="Epoch">Epoch it was sealed under.</param>
internal sealed record SealDecision(long Sequence, long First, long End, byte[] Digest, long Epoch);
