using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.WriteLog;

namespace Tidegate.GatewayAgent.Devices;

/// <summary>How one volume is served.</summary>
internal sealed record LoggedVolumeOptions
{
    public required WriteLogOptions Log { get; init; }
    /// <summary>Size of a volume that is being made, bytes, whole sectors; a volume that exists knows its own.</summary>
    public long SizeBytes { get; init; }
    /// <summary>Durable bytes that start applying at once; fewer wait for <see cref="ApplyInterval"/>, so that a flush wakes nobody.</summary>
    public long ApplyBytes { get; init; } = 1L << 20;
    /// <summary>Longest time that durable records wait to be applied.</summary>
    public TimeSpan ApplyInterval { get; init; } = TimeSpan.FromMilliseconds(50);
    /// <summary>Applied bytes after which the store is synced and the applied watermark moves.</summary>
    public long CheckpointBytes { get; init; } = 128L << 20;
    /// <summary>Longest time that applied records wait for that.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromSeconds(5);
    /// <summary>How long to wait before applying is tried again on a full disk.</summary>
    public TimeSpan NoSpaceRetry { get; init; } = TimeSpan.FromSeconds(1);
    /// <summary>Sectors held by the overlay at which writers wait: bounds its memory (about 40 bytes each).</summary>
    public int MaxOverlaySectors { get; init; } = 512 << 10;
    /// <summary>Where records are applied; it blocks in the kernel (null: the volume makes a thread).</summary>
    public TaskScheduler? ApplyWorker { get; init; }
    /// <summary>Opens a store that was there before the volume, with data; null for the volume's own.</summary>
    public Func<IDiskFile>? AdoptedStore { get; init; }
    /// <summary>Where the log of a volume that is being made begins; null for one that the service has nothing of.</summary>
    public CommittedPoint? Start { get; init; }
    /// <summary>Blocks that hydration still owes; null when the store is whole.</summary>
    public IAbsentBlocks? AbsentBlocks { get; init; }
}
