namespace Tidegate.GatewayAgent.Volumes;

/// <summary>How a restored volume's bytes are fetched.</summary>
internal sealed class HydrationOptions
{
    /// <summary>Fetches of the background at once, 1-32.</summary>
    public int Workers { get; set; } = 6;

    /// <summary>Blocks of 64 KiB fetched together by the background, 1-64.</summary>
    public int BatchBlocks { get; set; } = 16;

    /// <summary>Fetched bytes after which the store and the presence map are synced: what a crash may fetch again.</summary>
    public long SettleBytes { get; set; } = 64L << 20;

    /// <summary>How long a host's access waits for absent bytes before it gets EIO.</summary>
    public TimeSpan FirstTouchTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Upper end of the first delay after a failed fetch.</summary>
    public TimeSpan FirstDelay { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Upper end of every delay after failed fetches.</summary>
    public TimeSpan LongestDelay { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Draws how much of each delay is waited; null draws from the system.</summary>
    public Random? Jitter { get; set; }

    /// <summary>Reads of one fetch at once, from 1.</summary>
    public int ParallelReads { get; set; } = 8;
}
