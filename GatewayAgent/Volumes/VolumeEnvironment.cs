using Tidegate.BlockStore.Segments;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Hooks;
using Tidegate.GatewayAgent.Shadow;
using Tidegate.GatewayAgent.Uplink;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>What every volume of an agent shares. <c>ServiceOf</c> makes a volume's side of the service without a call, link or no link.</summary>
internal sealed record VolumeEnvironment(
    Func<string, IVolumeService> ServiceOf,
    IBlobTransport Blobs,
    SealWorkers Workers,
    VolumeOptions Options,
    TimeProvider Time,
    ILoggerFactory Loggers)
{
    /// <summary>How fast the uplink may be used; the environment's owner disposes it.</summary>
    public UplinkLimits Uplink { get; init; } = new(new UplinkOptions(), Time, Loggers.CreateLogger<UplinkLimits>());

    /// <summary>Fills that all volumes may have in memory at once.</summary>
    public FillTurns Fills { get; init; } = new(Options.FillsAtOnce);

    /// <summary>Draws segment nonces.</summary>
    public INonceSource Nonces { get; init; } = RandomNonceSource.Instance;

    /// <summary>What is run around a snapshot's point.</summary>
    public SnapshotHooks Hooks { get; init; } = new(HookOptions.None, new ProcessHookRunner(Time), notes: null, Loggers.CreateLogger<SnapshotHooks>());

    /// <summary>What on this machine volumes may be made of; nothing by default.</summary>
    public IAdoptableStores Adoptable { get; init; } = new LinuxAdoptableStores([], "/");

    /// <summary>Where volumes sync and apply; null gives each volume threads of its own.</summary>
    public TaskScheduler? DiskWorker { get; init; }

    /// <summary>Comes between a volume and the blocks that it still lacks: nothing does, but for simulations.</summary>
    public Func<IAbsentBlocks, IAbsentBlocks> AbsentBlocks { get; init; } = static blocks => blocks;
}
