using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Tidegate.BlockStore.Heads;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Shadow;
using Tidegate.GatewayAgent.Volumes;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Service;

namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>
/// One volume of an agent over many lives, on one thread in an order that the seed decides: clients, applying, sealing, upload, commits, hydration and
/// snapshots, with the product's own <see cref="VolumeHost"/> over a disk that fails and forgets and a service that loses and delays. Each life ends with
/// power lost at any call to the disk, with the process killed at any step, or cleanly; after each, every promise is held against models that know
/// nothing of the code.
/// </summary>
internal sealed partial class WritePathSimulation
{
    internal const int VolumeBytes = (256 << 10) + 8192;
    private const string VolumeId = "vol-00000000000000000302";
    private const string OriginId = "vol-00000000000000000301";
    private const int Units = VolumeBytes / ClientModel.UnitBytes;
    private const int MaxSteps = 60_000;

    private readonly Random _random;
    private readonly PlantedBug _bug;
    private readonly bool _isTraced;
    private readonly IReadOnlyList<SimulationStep> _steps;
    private readonly int _seed;
    private readonly ClientModel _model = new(Units);
    private readonly LogHistory _history = new(Units);
    private readonly Dictionary<string, long> _barriers = [];
    private readonly HashSet<string> _checkedSnapshots = [];
    private readonly List<CommitRequest> _laterCommits = [];
    private readonly PlantedDisk.Memory _memory = new();
    private readonly List<string> _trace = [];
    private readonly Dictionary<string, int> _events = [];
    private ModelService _service;
    private string _source = "";
    private long _durableSeen;
    private bool _hasGoneBack;
    private bool _tookOldCommit;
    private bool _hasPassed;
    private readonly bool _passes;
    private DateTimeOffset _now = DateTimeOffset.UnixEpoch;
    private int _recoveries;

    private WritePathSimulation(int seed, IReadOnlyList<SimulationStep> steps, PlantedBug bug, bool isTraced)
    {
        (_seed, _steps, _bug, _isTraced) = (seed, steps, bug, isTraced);
        _random = new Random(seed);
        _service = new ModelService(VolumeId, VolumeBytes, seed);
        _passes = _random.Next(4) == 0;
    }

    internal static SimulationResult Run(int seed, PlantedBug bug = PlantedBug.None, bool isTraced = false) => Run(seed, Plan(seed), bug, isTraced);

    internal static SimulationResult Run(int seed, IReadOnlyList<SimulationStep> steps, PlantedBug bug, bool isTraced)
    {
        var simulation = new WritePathSimulation(seed, steps, bug, isTraced);
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        string? failure = null;
        try
        {
            simulation.Run();
        }
        catch (Violation violation)
        {
            failure = violation.Message;
        }
        catch (TwoHistoriesException)
        {
            simulation.Note("the volume diverges from a service that forgot");
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
        return new SimulationResult(seed, steps, failure, simulation._recoveries, simulation._trace, simulation._events);
    }

    /// <summary>What is to happen in each life: steps of each actor, each with a seed of its own.</summary>
    private static List<SimulationStep> Plan(int seed)
    {
        var random = new Random(seed);
        var steps = new List<SimulationStep>();
        var lives = random.Next(3, 8);
        for (var life = 0; life < lives; life++)
        {
            for (var actor = 0; actor < SimulationStep.Actors; actor++)
            {
                var most = actor switch { SimulationStep.Snapshots => 4, SimulationStep.Faults => 5, _ => 1 << random.Next(3, 6) };
                for (var count = random.Next(most + 1); count > 0; count--)
                    steps.Add(new SimulationStep(life, actor, random.Next()));
            }
        }
        return steps;
    }

    private void Run()
    {
        var disk = new SimulatedDisk(new Random(_random.Next()), NewPlan());
        if (_random.Next(2) == 0)
            Restore();
        var lives = _steps.Count == 0 ? 0 : _steps.Max(step => step.Life) + 1;
        for (var number = 0; number <= lives; number++)
        {
            var isLast = number == lives;
            var life = new SimulatedLife(this, disk, number, new Random(HashCodeOf(_seed, number)), isLast);
            disk = life.Run();
            _now = life.Now;
            CheckService(number);
        }
    }

    /// <summary>The volume begins as a snapshot of another.</summary>
    private void Restore()
    {
        var origin = new ModelService(OriginId, VolumeBytes, _seed);
        var prelude = new Prelude(origin, new Random(_random.Next()));
        var (snapshotId, state) = prelude.Run();
        _service = origin.Clone(VolumeId, snapshotId, _seed + 1);
        _source = snapshotId;
        _history.StartFrom(state);
        _model.Restart(state);
        // What was completed at the origin is the origin's.
        _checkedSnapshots.UnionWith(_service.Snapshots.Keys);
        Note("the volume begins as a restored one");
    }

    /// <summary>What the service has is the volume at a point of its history, and so is every snapshot (I3, I4).</summary>
    private void CheckService(int life)
    {
        var head = _service.Head;
        // What went past the log is no part of its order: then the end is held against the volume alone.
        if (_hasPassed)
            return;
        if (head.Staging is not null && !_hasGoneBack)
            throw new Violation($"life {life}: the service put the volume on a branch though it had lost nothing");
        CheckImage(head, life);
        foreach (var (id, image) in _service.Snapshots)
        {
            // The mark of a branch stands for its publication, and is nobody's snapshot.
            if (!_checkedSnapshots.Add(id) || id.StartsWith("staging-", StringComparison.Ordinal))
                continue;
            var point = _history.PointOf(id) ?? throw new Violation($"life {life}: snapshot {id} completed, but the log holds no barrier of it");
            var state = Decode(_service.ReadAsync(image));
            if (!state.AsSpan().SequenceEqual(_history.StateAt(point)) && !(_hasGoneBack && IsLaterPoint(state, point)))
                throw new Violation($"life {life}: snapshot {id} is not the volume at its barrier {point} (I4)");
            Note("a snapshot completes");
        }
    }

    /// <summary>Once the service has lost what it had, a snapshot may have waited for a publication: then it is the volume at a later point.</summary>
    private bool IsLaterPoint(int[] state, long point) =>
        _history.Entries.Any(entry => entry.End > point && state.AsSpan().SequenceEqual(_history.StateAt(entry.End)));

    private void CheckImage(VolumeHead head, int life)
    {
        var image = Decode(_service.ReadAsync(head.ToImage()));
        if (!image.AsSpan().SequenceEqual(_history.StateAt(head.CommittedLogEnd)))
            throw new Violation($"life {life}: the service's image is not the volume as of {head.CommittedLogEnd} of its log (I3)");
    }

    private static int[] Decode(Task<byte[]> reading) => ClientModel.Decode(reading.GetAwaiter().GetResult());

    private void Note(string what)
    {
        _events[what] = _events.GetValueOrDefault(what) + 1;
        Trace(what);
    }

    private void Trace(string what)
    {
        if (_isTraced)
            _trace.Add(what);
    }

    // A file system that takes not even this takes nothing, and forgets what it did not write when it is mounted again.
    private static SimulatedDiskPlan NewPlan() => new() { CachedSector = (DirtyMap.FileName, DirtyMapFormat.UnsyncedAt) };

    private static int HashCodeOf(int seed, int life) => unchecked((seed * 1_000_003) ^ (life * 7919));

    private static VolumeEnvironment Environment(
        TaskScheduler scheduler, TimeProvider time, Random random, Func<string, IVolumeService> serviceOf, IBlobTransport blobs, PlantedBug bug, bool passes = false) =>
        new(serviceOf, blobs, new SealWorkers([scheduler, scheduler]), Options(random, passes), time, NullLoggerFactory.Instance)
        {
            DiskWorker = scheduler,
            AbsentBlocks = blocks => new PlantedBlocks(blocks, bug),
        };

    private static VolumeOptions Options(Random random, bool passes) => new()
    {
        LogCapacityBytes = 128 << 10,
        CloseTimeout = TimeSpan.FromMilliseconds(1),
        Shadow = new ShadowOptions
        {
            SegmentBytes = 24 << 10,
            RangeBytes = 40 << 10,
            Objective = TimeSpan.FromMilliseconds(40),
            MaxInFlight = 2,
            MaxUncommitted = 4,
            PassAfterStall = passes ? TimeSpan.FromMilliseconds(400) : TimeSpan.FromDays(3650),
            PassAtFill = 0.5,
            FirstCatchUpDelay = TimeSpan.FromMilliseconds(200),
            LongestCatchUpDelay = TimeSpan.FromSeconds(2),
            FirstDelay = TimeSpan.FromMilliseconds(1),
            LongestDelay = TimeSpan.FromMilliseconds(500),
            Jitter = random,
        },
        Hydration = new HydrationOptions
        {
            Workers = 2,
            BatchBlocks = 1,
            SettleBytes = 128 << 10,
            ParallelReads = 1,
            FirstTouchTimeout = TimeSpan.FromMinutes(10),
            FirstDelay = TimeSpan.FromMilliseconds(1),
            LongestDelay = TimeSpan.FromMilliseconds(500),
            Jitter = random,
        },
    };

    private static VolumeAttachment Attachment(string volumeId, string source) => new(volumeId, "data", VolumeBytes, source);

    /// <summary>
    /// The service forgot what it had granted and then took a commit of before: its history is another than the log's from there on, and both are kept for
    /// the owner to choose from. The simulation ends there.
    /// </summary>
    private sealed class TwoHistoriesException : Exception;

    /// <summary>Makes the volume that another begins from.</summary>
    private sealed class Prelude(ModelService origin, Random random)
    {
        private const int FirstValue = 1_000_000;

        internal (string SnapshotId, int[] State) Run()
        {
            var scheduler = new SeededScheduler(random);
            var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch);
            var state = new int[Units];
            var work = scheduler.Start(() => WriteAsync(Environment(scheduler, time, random, _ => origin.Connect(), origin.Transport(), PlantedBug.None), state));
            for (var step = 0; !work.IsCompleted; step++)
            {
                if (!scheduler.RunOne())
                    scheduler.Advance(time, TimeSpan.FromMilliseconds(100));
                if (step == MaxSteps)
                    throw new Violation("the origin of the restored volume is never done");
            }
            work.GetAwaiter().GetResult();
            return ("snap-origin", state);
        }

        private async Task WriteAsync(VolumeEnvironment environment, int[] state)
        {
            var host = VolumeHost.Open(Attachment(OriginId, ""), () => new SimulatedDisk(random, new SimulatedDiskPlan()), environment);
            host.TryOpenExport(out var lease);
            for (var write = random.Next(1, 12); write > 0; write--)
            {
                var first = random.Next(Units / 8) * 8;
                var end = Math.Min(Units, first + random.Next(1, 12) * 8);
                var value = FirstValue + write;
                state.AsSpan(first, end - first).Fill(value);
                var data = new byte[(end - first) * ClientModel.UnitBytes];
                System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(data.AsSpan()).Fill(value);
                await lease!.Device.WriteAsync((long)first * ClientModel.UnitBytes, data, fua: false, default);
            }
            await host.TakeSnapshotAsync("snap-origin", default);
            await host.WaitCommittedAsync(default);
        }
    }
}
