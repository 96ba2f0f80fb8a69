namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>Throughput of every served volume over a stretch of time (<c>docs/protocols/local-console.md</c>, Traffic).</summary>
/// <param name="Sequence">Counts the samples since the agent started; the last one's number.</param>
/// <param name="IntervalSeconds">Time between two samples.</param>
/// <param name="Until">When the last one was taken.</param>
/// <param name="Volumes">By volume id. One that was opened within the stretch has fewer samples: they end together.</param>
internal sealed record TrafficDocument(long Sequence, double IntervalSeconds, DateTimeOffset Until, IReadOnlyDictionary<string, VolumeRates> Volumes);
