using Microsoft.Extensions.Time.Testing;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Tests.Kit.Disks;

namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>
/// One volume over many lives on a simulated disk: clients, applying, sealing, commits and barriers in a seeded order, power
/// lost at any call, recovery, and every invariant checked against models that know nothing of the code.
/// </summary>
internal sealed partial class WritePathSimulation
{
    internal const int VolumeBytes = 256 << 10;
    private const int Units = VolumeBytes / ClientModel.UnitBytes;
    private const int Lives = 8;
    private const int MaxSteps = 4000;

    private readonly Random _random;
    private readonly SimulationPlan _plan;
    private readonly ClientModel _model = new(Units);
    private readonly LogHistory _history = new(Units);
    private readonly RemoteImage _remote = new();
    private readonly Dictionary<string, long> _barriers = [];
    private long _durableSeen;

    internal WritePathSimulation(int seed, SimulationPlan plan) => (_random, _plan) = (new Random(seed), plan);

    /// <summary>Recoveries that were checked.</summary>
    internal int Recoveries { get; private set; }

    internal void Run()
    {
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            var disk = new SimulatedDisk(_random, NewDiskPlan(crashes: false));
            LoggedVolume.Create(disk, Options(new SeededScheduler(_random), new FakeTimeProvider()));
            disk = disk.Restart(NewDiskPlan());
            for (var life = 0; life < Lives; life++)
            {
                if (new SimulatedLife(this, disk, life) is var current && !current.Run())
                    return;
                disk = disk.Restart(NewDiskPlan(crashes: life < Lives - 2));
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    private static LoggedVolumeOptions Options(TaskScheduler scheduler, TimeProvider time) => new()
    {
        SizeBytes = VolumeBytes,
        CheckpointBytes = 24 << 10,
        ApplyBytes = 8 << 10,
        ApplyWorker = scheduler,
        Log = new WriteLogOptions
        {
            VolumeId = "vol-simulated",
            CapacityBytes = 128 << 10,
            SyncBytes = 16 << 10,
            MaxUnsyncedBytes = 40 << 10,
            MaxUnappliedBytes = 64 << 10,
            Worker = scheduler,
            Time = time,
        },
    };

    private SimulatedDiskPlan NewDiskPlan(bool crashes = true)
    {
        var plan = new SimulatedDiskPlan { CrashAtCall = crashes ? 1 + _random.Next(1 << _random.Next(1, 10)) : int.MaxValue };
        if (crashes && _random.Next(6) == 0)
            plan.Errors[1 + _random.Next(200)] = _random.Next(2) == 0 ? (int)DeviceError.Io : (int)DeviceError.NoSpace;
        _plan.Disk?.Invoke(plan);
        return plan;
    }
}
