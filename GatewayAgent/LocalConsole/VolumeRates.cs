namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>A volume's throughput, bytes a second, oldest first; the three have the same length.</summary>
internal sealed record VolumeRates(IReadOnlyList<long> Read, IReadOnlyList<long> Written, IReadOnlyList<long> Uploaded);
