namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>How one volume's log is kept.</summary>
internal sealed record WriteLogOptions
{
    /// <summary>The volume the log belongs to; a log of another volume is refused.</summary>
    public required string VolumeId { get; init; }
    /// <summary>Size of a new log in bytes, a multiple of 4096; reserved on disk. At least 1 MiB outside tests.</summary>
    public long CapacityBytes { get; init; } = 1L << 30;
    /// <summary>True when space is kept until the service has committed it; false when nothing shadows the volume.</summary>
    public bool RetainUntilCommitted { get; init; } = true;
    /// <summary>Unsynced bytes that start a sync unprompted.</summary>
    public long SyncBytes { get; init; } = 64L << 20;
    /// <summary>Unsynced bytes at which writers wait; the look-ahead window of a new log.</summary>
    public long MaxUnsyncedBytes { get; init; } = 128L << 20;
    /// <summary>Bytes beyond the applied watermark at which writers wait: what a recovery may have to replay.</summary>
    public long MaxUnappliedBytes { get; init; } = 256L << 20;
    /// <summary>Age of unsynced data that starts a sync unprompted.</summary>
    public TimeSpan SyncInterval { get; init; } = TimeSpan.FromMilliseconds(100);
    public TimeProvider Time { get; init; } = TimeProvider.System;
    /// <summary>Where syncs run; they block, so in production it is a thread of the log's own (null: the log makes one).</summary>
    public TaskScheduler? Worker { get; init; }

    /// <summary>Space that only notes may use, so that a full log can still record the seals that empty it.</summary>
    internal static long ReserveBytes(long capacityBytes) => Math.Min(capacityBytes / 16, 4L << 20);
}
