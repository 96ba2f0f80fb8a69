namespace Tidegate.GatewayAgent.Devices;

/// <summary>A run of bytes that is all hole (reads as zero, takes no space) or all data.</summary>
internal readonly record struct BlockExtent(long LengthBytes, bool IsHole);
