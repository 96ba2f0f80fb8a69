using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.Uplink;

/// <summary>How fast this agent may use its uplink now, in both directions, over all volumes (M1.10). One per process.</summary>
internal sealed partial class UplinkLimits : IDisposable
{
    private readonly ILogger _logger;
    private volatile BandwidthSchedule _schedule = BandwidthSchedule.Unlimited;

    public UplinkLimits(UplinkOptions options, TimeProvider time, ILogger logger)
    {
        _logger = logger;
        Uploads = new TransferLimiter(time, now => Lower(options.UploadBytesPerSecond, _schedule.UploadAt(now)), static bytes => UplinkMetrics.CountGranted(bytes, isUpload: true));
        Downloads = new TransferLimiter(time, now => Lower(options.DownloadBytesPerSecond, _schedule.DownloadAt(now)), static bytes => UplinkMetrics.CountGranted(bytes, isUpload: false));
    }

    /// <summary>Segments on their way to the service.</summary>
    public TransferLimiter Uploads { get; }

    /// <summary>Restoring in the background.</summary>
    public TransferLimiter Downloads { get; }

    /// <summary>Takes over what the service configured, at once.</summary>
    public void Configure(GatewayConfiguration configuration)
    {
        var limits = configuration.Bandwidth ?? BandwidthLimits.Unlimited;
        var name = limits.TimeZone.Length > 0 ? limits.TimeZone : configuration.TimeZone;
        var zone = ScheduleZone.Find(name);
        if (zone is null && limits.Windows.Count > 0) LogZoneUnknown(_logger, name);
        _schedule = new BandwidthSchedule(limits, zone ?? TimeZoneInfo.Utc);
        Uploads.Look();
        Downloads.Look();
    }

    public void Dispose()
    {
        Uploads.Dispose();
        Downloads.Dispose();
    }

    private static long? Lower(long? left, long? right) => left is null ? right : right is null ? left : Math.Min(left.Value, right.Value);

    [LoggerMessage(2400, LogLevel.Warning, "This machine does not know the time zone '{Zone}' of the bandwidth schedule, which goes by UTC meanwhile; install its time zone data or set an offset such as +02:00")]
    private static partial void LogZoneUnknown(ILogger logger, string zone);
}
