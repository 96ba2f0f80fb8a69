using Tidegate.GatewayAgent.Shadow;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>How an agent keeps and serves its volumes.</summary>
internal sealed class VolumeOptions
{
    /// <summary>Size of a new volume's write log in bytes, a multiple of 4096; reserved on disk. 64 MiB to 64 GiB.</summary>
    public long LogCapacityBytes { get; set; } = 1L << 30;

    /// <summary>How long sessions may take to close when a volume stops.</summary>
    public TimeSpan CloseTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Sealing and upload.</summary>
    public ShadowOptions Shadow { get; set; } = new();

    /// <summary>Fetching a restored volume's bytes.</summary>
    public HydrationOptions Hydration { get; set; } = new();
}
