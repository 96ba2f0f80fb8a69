using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Shadow;
using Tidegate.GatewayAgent.Uplink;
using Tidegate.GatewayAgent.Volumes;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Time;

namespace Tidegate.Tests.Kit.Service;

/// <summary>One volume of an agent over a simulated disk and a <see cref="ModelService"/>, with limits small enough for tests.</summary>
internal sealed class AgentVolume : IAsyncDisposable
{
    private readonly IExportLease? _lease;
    private readonly SealWorkers _workers;

    private AgentVolume(VolumeHost host, LockedDisk disk, SealWorkers workers)
    {
        (Host, Disk, _workers) = (host, disk, workers);
        host.TryOpenExport(out _lease);
    }

    public VolumeHost Host { get; }

    public LockedDisk Disk { get; }

    /// <summary>What a session would write to.</summary>
    public IBlockDevice Device => _lease?.Device ?? throw new InvalidOperationException($"The volume is not served: {Status.Reason}");

    public VolumeStatus Status => Host.Status([]);

    public static VolumeOptions Options() => new()
    {
        LogCapacityBytes = 8 << 20,
        CloseTimeout = TimeSpan.FromMilliseconds(1),
        SnapshotOpenTimeout = Hanging.Limit,
        Shadow = new ShadowOptions
        {
            SegmentBytes = 128 << 10,
            Objective = TimeSpan.FromMilliseconds(20),
            MaxInFlight = 4,
            MaxUncommitted = 12,
            FirstDelay = TimeSpan.FromMilliseconds(1),
            LongestDelay = TimeSpan.FromMilliseconds(8),
        },
        Hydration = new HydrationOptions
        {
            Workers = 3,
            BatchBlocks = 2,
            SettleBytes = 256 << 10,
            FirstTouchTimeout = Hanging.Limit,
            FirstDelay = TimeSpan.FromMilliseconds(1),
            LongestDelay = TimeSpan.FromMilliseconds(8),
        },
    };

    /// <summary>
    /// Opens the volume; a crash of the disk is thrown. With <paramref name="adopts"/> its store is that file of the disk; <paramref name="fills"/> are
    /// what it shares with other volumes.
    /// </summary>
    public static AgentVolume Open(
        ModelService service, LockedDisk disk, string sourceSnapshotId = "", VolumeOptions? options = null, UplinkOptions? uplink = null, string adopts = "",
        FillTurns? fills = null)
    {
        var workers = new SealWorkers(2);
        var environment = new VolumeEnvironment(
            _ => service.Connect(), service.Transport(), workers, options ?? Options(), TimeProvider.System, NullLoggerFactory.Instance)
        {
            Uplink = new UplinkLimits(uplink ?? new UplinkOptions(), TimeProvider.System, NullLogger.Instance),
            Adoptable = new OfDisk(disk),
            Fills = fills ?? new FillTurns(1),
        };
        var attachment = new VolumeAttachment(service.VolumeId, "data", service.Heads[0].SizeBytes, sourceSnapshotId) { AdoptPath = adopts };
        try
        {
            return new AgentVolume(VolumeHost.Open(attachment, () => disk, environment), disk, workers);
        }
        catch
        {
            workers.Dispose();
            throw;
        }
    }

    /// <summary>The whole volume as a host reads it.</summary>
    public async Task<byte[]> ReadAsync()
    {
        var bytes = new byte[Device.SizeBytes];
        await Device.ReadAsync(0, bytes, CancellationToken.None);
        return bytes;
    }

    /// <summary>Flushes and waits until the service has it all.</summary>
    public async Task DrainAsync()
    {
        await Device.FlushAsync(CancellationToken.None);
        await Host.WaitCommittedAsync(CancellationToken.None).OrHungAsync();
    }

    /// <summary>The machine loses power and starts again: a disk with what survived. The old life is cleared away.</summary>
    public async Task<LockedDisk> CrashAsync(SimulatedDiskPlan? plan = null)
    {
        var disk = Disk.Restart(plan ?? new SimulatedDiskPlan());
        try
        {
            await DisposeAsync();
        }
        catch (SimulatedCrashException)
        {
            // The dead machine's last words.
        }
        return disk;
    }

    private sealed class OfDisk(LockedDisk disk) : IAdoptableStores
    {
        public IDiskFile Open(string path) => disk.Open(path);
    }

    public async ValueTask DisposeAsync()
    {
        if (_lease is not null)
            await _lease.DisposeAsync();
        await Host.DisposeAsync();
        _workers.Dispose();
    }
}
