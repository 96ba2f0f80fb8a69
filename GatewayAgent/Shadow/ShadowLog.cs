namespace Tidegate.GatewayAgent.Shadow;

/// <summary>What operators read about shadowing. Event ids 2200-2299.</summary>
internal static partial class ShadowLog
{
    [LoggerMessage(2200, LogLevel.Information, "Volume {VolumeId} attached with epoch {Epoch} after sequence {Sequence}; {BacklogBytes} log bytes wait")]
    public static partial void Attached(ILogger logger, string volumeId, long epoch, long sequence, long backlogBytes);

    [LoggerMessage(2201, LogLevel.Warning, "Volume {VolumeId}: {Reason}; trying again, hosts are not affected")]
    public static partial void CallFailed(ILogger logger, string volumeId, string reason);

    [LoggerMessage(2202, LogLevel.Information, "Volume {VolumeId} attaches again: {Reason}")]
    public static partial void EpochEnded(ILogger logger, string volumeId, string reason, Exception? error);

    [LoggerMessage(2203, LogLevel.Error, "Volume {VolumeId} is {State} and no longer shadowed: {Reason}")]
    public static partial void Ended(ILogger logger, string volumeId, ShadowState state, string reason);
}
