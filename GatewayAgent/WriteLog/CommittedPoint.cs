namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>How far the service has committed this log, by its own reply.</summary>
/// <param name="Sequence">Committed segment sequence, 0 for none.</param>
/// <param name="LogEnd">Committed log end: the log may be trimmed to here once applied.</param>
/// <param name="Digest">Digest of that segment, empty for none.</param>
/// <param name="Epoch">Epoch of that segment, 0 for none.</param>
internal sealed record CommittedPoint(long Sequence, long LogEnd, byte[] Digest, long Epoch);
