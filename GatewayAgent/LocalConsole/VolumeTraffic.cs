namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>What has gone through a volume since the agent opened it. Only a volume that is served has one.</summary>
/// <param name="ReadBytes">Bytes that hosts asked for.</param>
/// <param name="WrittenBytes">Bytes that hosts sent.</param>
/// <param name="UploadedBytes">Segment bytes that the service has stored: compressed, each sector once a segment.</param>
/// <param name="LogCapacityBytes">Bytes that the write log can hold; the backlog lies in it.</param>
internal sealed record VolumeTraffic(long ReadBytes, long WrittenBytes, long UploadedBytes, long LogCapacityBytes);
