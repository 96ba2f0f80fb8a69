using System.Diagnostics.Metrics;
using Tidegate.GatewayAgent.Shadow;

namespace Tidegate.GatewayAgent.Uplink;

/// <summary>The uplink's meters over all volumes of the process (docs/operating/uplink.md); volume ids are never dimensions.</summary>
internal static class UplinkMetrics
{
    private static readonly Meter Meter = new(ShadowMetrics.MeterName);
    private static readonly KeyValuePair<string, object?> Up = new("direction", "up");
    private static readonly KeyValuePair<string, object?> Down = new("direction", "down");

    private static readonly Gauge<double> RecoveryPointAge = Meter.CreateGauge<double>("tidegate.agent.recovery_point.age", "s", "Age of the oldest write that the service does not have, of the volume that is worst off");
    private static readonly Gauge<double> LogFill = Meter.CreateGauge<double>("tidegate.agent.log.fill", "1", "Share of the write log that waits for the service, of the volume that is worst off");
    private static readonly Gauge<long> Backlog = Meter.CreateGauge<long>("tidegate.agent.log.backlog", "By", "Log bytes that wait for the service, all volumes together");
    private static readonly Gauge<int> Alarms = Meter.CreateGauge<int>("tidegate.agent.alarms", "{alarm}", "Alarms that are raised");
    private static readonly Gauge<long> Limit = Meter.CreateGauge<long>("tidegate.agent.uplink.limit", "By/s", "Bandwidth limit in force; -1 for none");
    private static readonly Counter<long> Granted = Meter.CreateCounter<long>("tidegate.agent.uplink.granted", "By", "Bytes that went through a bandwidth limit");

    /// <summary>Bytes were let through while a limit was in force.</summary>
    public static void CountGranted(int bytes, bool isUpload) => Granted.Add(bytes, isUpload ? Up : Down);

    /// <summary>Called once every <see cref="AlarmMachine.Interval"/>.</summary>
    public static void Record(IReadOnlyCollection<VolumeReading> readings, UplinkLimits limits, int alarms)
    {
        RecoveryPointAge.Record(readings.Select(static reading => reading.Age.TotalSeconds).DefaultIfEmpty().Max());
        LogFill.Record(readings.Select(static reading => reading.LogFill).DefaultIfEmpty().Max());
        Backlog.Record(readings.Sum(static reading => reading.BacklogBytes));
        Alarms.Record(alarms);
        Limit.Record(limits.Uploads.Rate ?? -1, Up);
        Limit.Record(limits.Downloads.Rate ?? -1, Down);
    }
}
