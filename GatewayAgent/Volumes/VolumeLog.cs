using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>What operators read about volumes. Event ids 2300-2399.</summary>
internal static partial class VolumeLog
{
    [LoggerMessage(2300, LogLevel.Information, "Volume {VolumeId} ('{Name}', {SizeBytes} bytes) is served; restoring: {IsRestoring}")]
    public static partial void Serving(ILogger logger, string volumeId, string name, long sizeBytes, bool isRestoring);

    [LoggerMessage(2301, LogLevel.Error, "Volume {VolumeId} cannot be served: {Reason}")]
    public static partial void Failed(ILogger logger, string volumeId, string reason, Exception? error);

    [LoggerMessage(2312, LogLevel.Error, "Volume {VolumeId} keeps its size of {SizeBytes} bytes and cannot have {WantedBytes}: {Reason}; it is tried again with the next configuration, or when the agent starts")]
    public static partial void NotGrown(ILogger logger, string volumeId, long sizeBytes, long wantedBytes, string reason);

    [LoggerMessage(2302, LogLevel.Information, "Volume {VolumeId} stopped; its files are kept in its directory")]
    public static partial void Stopped(ILogger logger, string volumeId);

    [LoggerMessage(2303, LogLevel.Warning, "Volume {VolumeId} stopped while sessions still held it")]
    public static partial void SessionsLeft(ILogger logger, string volumeId);

    [LoggerMessage(2304, LogLevel.Information, "Volume {VolumeId} holds snapshot {SnapshotId} at log position {Position}")]
    public static partial void Barrier(ILogger logger, string volumeId, string snapshotId, long position);

    [LoggerMessage(2308, LogLevel.Warning, "The divergence of volume {VolumeId} has ended: the {Keep} copy goes on")]
    public static partial void DivergenceEnded(ILogger logger, string volumeId, Tidegate.Grains.Interfaces.Gateways.DivergenceChoice keep);

    [LoggerMessage(2305, LogLevel.Information, "Volume {VolumeId} is wholly restored")]
    public static partial void Restored(ILogger logger, string volumeId);

    [LoggerMessage(2306, LogLevel.Warning, "Volume {VolumeId} cannot fetch absent bytes: {Reason}; trying again")]
    public static partial void FetchFailed(ILogger logger, string volumeId, string reason);

    [LoggerMessage(2310, LogLevel.Warning, "Volume {VolumeId}: alarm {Alarms} is raised; its recovery point is {Age} old and {LogFill:P0} of its write log waits for the service")]
    public static partial void AlarmRaised(ILogger logger, string volumeId, VolumeAlarms alarms, TimeSpan age, double logFill);

    [LoggerMessage(2311, LogLevel.Information, "Volume {VolumeId}: alarm {Alarms} is cleared")]
    public static partial void AlarmCleared(ILogger logger, string volumeId, VolumeAlarms alarms);

    [LoggerMessage(2307, LogLevel.Information, "Configuration version {Version} with {Volumes} volumes is applied")]
    public static partial void Applied(ILogger logger, long version, int volumes);
}
