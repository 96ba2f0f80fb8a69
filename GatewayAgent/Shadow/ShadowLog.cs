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

    [LoggerMessage(2204, LogLevel.Warning, "Volume {VolumeId}: the service's image, at sequence {Sequence}, lacks {DirtyBlocks} blocks of the store; they are copied to branch {Branch}, hosts are not affected")]
    public static partial void FillsBranch(ILogger logger, string volumeId, long branch, long sequence, long dirtyBlocks);

    [LoggerMessage(2205, LogLevel.Information, "Volume {VolumeId}: branch {Branch} is published; the service's image is this store again")]
    public static partial void BranchPublished(ILogger logger, string volumeId, long branch);

    [LoggerMessage(2206, LogLevel.Warning, "Volume {VolumeId}: {Reason}; writes go past the log to the store, hosts are not affected, and what they change is copied when the service answers")]
    public static partial void Passes(ILogger logger, string volumeId, string reason);

    [LoggerMessage(2207, LogLevel.Warning, "Volume {VolumeId}: the store's disk is full, so that its log cannot be passed: {Reason}")]
    public static partial void CannotPass(ILogger logger, string volumeId, string reason);

    [LoggerMessage(2208, LogLevel.Information, "Volume {VolumeId}: writes are logged again from {Position} on; {DirtyBlocks} blocks are to be copied")]
    public static partial void Logs(ILogger logger, string volumeId, long position, long dirtyBlocks);

    [LoggerMessage(2203, LogLevel.Error, "Volume {VolumeId} is {State} and no longer shadowed: {Reason}")]
    public static partial void Ended(ILogger logger, string volumeId, ShadowState state, string reason);
}
