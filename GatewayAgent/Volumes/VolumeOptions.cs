using Tidegate.GatewayAgent.Shadow;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>How an agent keeps and serves its volumes.</summary>
internal sealed class VolumeOptions
{
    /// <summary>Fills at once where nothing is set.</summary>
    public const int DefaultFillsAtOnce = 4;

    private const long LeastLogBytes = 64L << 20;

    /// <summary>Most bytes of a new volume's write log, a multiple of 4096; reserved on disk. 64 MiB to 64 GiB.</summary>
    public long LogCapacityBytes { get; set; } = 1L << 30;

    /// <summary>How long sessions may take to close when a volume stops.</summary>
    public TimeSpan CloseTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long opening a snapshot's export waits for the service; below the time that NBD's handshake has.</summary>
    public TimeSpan SnapshotOpenTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a snapshot that no session uses stays open, so that a client that comes back finds it warm.</summary>
    public TimeSpan SnapshotIdleTime { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Sealing and upload.</summary>
    public ShadowOptions Shadow { get; set; } = new();

    /// <summary>Fills that volumes which bootstrap or catch up may have in memory at once, about 16 MiB each: 1 to 64.</summary>
    public int FillsAtOnce { get; set; } = DefaultFillsAtOnce;

    /// <summary>Fetching a restored volume's bytes.</summary>
    public HydrationOptions Hydration { get; set; } = new();

    /// <summary>
    /// Bytes of the write log of a new volume: twice its size, at least 64 MiB, at most <see cref="LogCapacityBytes"/>. The log keeps them when
    /// the volume grows.
    /// </summary>
    public long LogCapacityFor(long volumeSizeBytes) =>
        Math.Min(LogCapacityBytes, volumeSizeBytes > LogCapacityBytes / 2 ? LogCapacityBytes : Math.Max(LeastLogBytes, 2 * volumeSizeBytes));
}
