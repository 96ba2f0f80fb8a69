using System.Diagnostics.Metrics;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>Counters of shadowing over all volumes of the process; volume ids are never dimensions.</summary>
internal static class ShadowMetrics
{
    /// <summary>Name of the agent's meter.</summary>
    public const string MeterName = "Tidegate.GatewayAgent";
    private static readonly Meter Meter = new(MeterName);

    public static Counter<long> UploadedBytes { get; } = Meter.CreateCounter<long>("tidegate.agent.shadow.uploaded", "By", "Segment bytes stored at the service");
    public static Counter<long> CommittedSegments { get; } = Meter.CreateCounter<long>("tidegate.agent.shadow.committed_segments", "{segment}", "Segments committed by the service");
}
