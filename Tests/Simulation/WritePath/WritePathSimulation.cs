using Microsoft.Extensions.Time.Testing;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Tests.Kit.Disks;

namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>
/// One volume over many lives on a simulated disk: clients, applying, sealing, commits and barriers in a seeded order, power
/// lost at any call, recovery, and every invariant checked against models that know nothing of the code.
/// </summary>
internal sealed class WritePathSimulation
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

    /// <summary>One run of the agent, from power on to power off.</summary>
    private sealed class SimulatedLife(WritePathSimulation simulation, SimulatedDisk disk, int number)
    {
        private readonly Random _random = simulation._random;
        private readonly SeededScheduler _scheduler = new(simulation._random);
        private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch);
        private readonly List<Task> _tasks = [];
        private LoggedVolume? _volume;
        private Violation? _violation;
        private bool _nested;

        private LoggedVolume Volume => _volume!;

        /// <summary>False when the volume has failed for good, as it should have.</summary>
        internal bool Run()
        {
            try
            {
                _volume = LoggedVolume.Open(disk, Options(_scheduler, _time));
                CheckRecovery();
                if (_random.Next(12) == 0)
                    return CheckDamageIsFound();
                Live();
            }
            catch (SimulatedCrashException)
            {
                // Lost power while opening or checking: the next life starts from what is left.
            }
            catch (DiskFaultException) when (_volume is null && disk.Plan.Errors.Count > 0)
            {
                // The disk failed an open as planned; the agent would report it and be started again.
            }
            return true;
        }

        private void Live()
        {
            disk.Plan.DuringSync = RunOthersDuringSync;
            for (var client = 0; client < 3; client++)
                _tasks.Add(_scheduler.Start(ClientAsync));
            _tasks.Add(_scheduler.Start(ShadowAsync));
            _tasks.Add(_scheduler.Start(SnapshotAsync));
            for (var step = 0; step < MaxSteps && !disk.HasCrashed && Volume.Failure is null; step++)
            {
                if (!_scheduler.RunOne())
                {
                    if (_tasks.TrueForAll(task => task.IsCompleted))
                        break;
                    _time.Advance(TimeSpan.FromMilliseconds(_random.Next(1, 1500)));
                }
                Observe();
            }
            Fail();
            if (!disk.HasCrashed && Volume.Failure is null)
                End();
            else if (Volume.Failure is { } failure && failure is not (SimulatedCrashException or DiskFaultException))
                throw new Violation($"life {number}: the volume stopped without cause: {failure}");
            disk.Plan.DuringSync = null;
        }

        private void End()
        {
            if (!_tasks.TrueForAll(task => task.IsCompleted))
                throw new Violation($"life {number}: clients never finished (deadlock)");
            simulation._model.Check(ReadAll(), 0, $"life {number}, quiet", operation => operation.Completed < long.MaxValue);
            if (_random.Next(2) == 0)
                return;
            var closed = _scheduler.Start(() => Volume.DisposeAsync().AsTask());
            for (var step = 0; step < MaxSteps && !closed.IsCompleted; step++)
            {
                if (!_scheduler.RunOne())
                    _time.Advance(TimeSpan.FromSeconds(1));
            }
            // A disk that fails while it is closed is like one that fails before: promised is what was acknowledged.
            if (disk.HasCrashed || Volume.Failure is not BlockDeviceException { Error: DeviceError.ShuttingDown })
                return;
            simulation._model.MarkDurable(simulation._model.Tick());
            if (!closed.IsCompletedSuccessfully)
                throw new Violation($"life {number}: closing did not finish: {closed.Exception}");
            if (Volume.Log.AppliedEnd != Volume.Log.End)
                throw new Violation($"life {number}: closed at {Volume.Log.End} with P at {Volume.Log.AppliedEnd}");
        }

        private void CheckRecovery()
        {
            simulation.Recoveries++;
            var log = Volume.Log;
            if (log.End < simulation._durableSeen)
                throw new Violation($"life {number}: the log ends at {log.End}, but was durable to {simulation._durableSeen} (I1)");
            simulation._history.Recover(log);
            var state = ReadAll();
            simulation._model.Check(state, 0, $"life {number}, recovered (I1, I2)", operation => operation.IsDurable);
            if (!state.AsSpan().SequenceEqual(simulation._history.StateAt(log.End)))
                throw new Violation($"life {number}: the recovered volume is not a prefix of the write order (I3)");
            simulation._remote.CheckPrefixOf(simulation._history);
            simulation._remote.CheckSeals(log);
            foreach (var (id, position) in simulation._barriers)
            {
                if (position > log.End || (position > log.Committed.LogEnd && !log.Barriers.Contains(new BarrierPoint(id, position))))
                    throw new Violation($"life {number}: the barrier of {id} at {position} is gone (I4)");
            }
            simulation._model.Restart(state);
        }

        /// <summary>Damage to anything that an open log says is durable must stop the next open, and be called what it is.</summary>
        private bool CheckDamageIsFound()
        {
            var log = Volume.Log;
            var candidates = simulation._history.Entries.Where(entry => entry.Position >= log.AppliedEnd && entry.Kind < LogRecordKind.Seal).ToList();
            var capacity = log.CapacityBytes;
            var damaged = disk.Restart(new SimulatedDiskPlan());
            if (candidates.Count == 0)
                return true;
            var victim = candidates[_random.Next(candidates.Count)];
            var position = victim.Position + _random.NextInt64(victim.End - victim.Position);
            damaged.Corrupt(GatewayAgent.WriteLog.WriteLog.FileName, LogFile.DataStart + position % capacity);
            try
            {
                LoggedVolume.Open(damaged, Options(_scheduler, _time));
            }
            catch (LogCorruptException)
            {
                return false;
            }
            throw new Violation($"life {number}: damage at log position {position} (record at {victim.Position}) went unnoticed (I6)");
        }

        private int[] ReadAll()
        {
            var bytes = new byte[VolumeBytes];
            var read = Volume.ReadAsync(0, bytes, default);
            return read.IsCompletedSuccessfully ? ClientModel.Decode(bytes) : throw new Violation("a read of the whole volume did not complete");
        }

        private void Observe()
        {
            if (disk.HasCrashed || Volume.Failure is not null)
                return;
            simulation._durableSeen = Math.Max(simulation._durableSeen, Volume.Log.DurableEnd);
            simulation._history.Follow(Volume.Log, Volume.Log.End);
        }

        private void RunOthersDuringSync()
        {
            if (_nested)
                return;
            _nested = true;
            for (var others = _random.Next(4); others > 0 && !disk.HasCrashed && _scheduler.RunOne(); others--)
                Observe();
            _nested = false;
        }

        private async Task ClientAsync()
        {
            for (var i = 0; i < 60; i++)
            {
                if (!await GuardAsync(OperateAsync))
                    return;
            }
        }

        private async Task OperateAsync()
        {
            var model = simulation._model;
            if (_random.Next(3) == 0)
                await Task.Yield();
            switch (_random.Next(10))
            {
                case 0:
                    var flushed = model.Tick();
                    await simulation._plan.Flush(Volume);
                    model.MarkDurable(flushed);
                    break;
                case 1:
                    await ReadSomeAsync();
                    break;
                default:
                    await ChangeAsync();
                    break;
            }
        }

        private async Task ChangeAsync()
        {
            var model = simulation._model;
            var aligned = _random.Next(3) > 0;
            var unit = aligned ? 8 : 1;
            // Few places, so that requests meet each other.
            var first = _random.Next(Units / 4) / unit * unit * (_random.Next(4) == 0 ? 1 : 0) + _random.Next(6) * unit;
            var end = Math.Min(Units, first + unit * _random.Next(1, aligned ? 5 : 20));
            var fua = _random.Next(8) == 0;
            var kind = _random.Next(8);
            var (from, to) = kind == 0 ? ((first + 7) / 8 * 8, end / 8 * 8) : (first, end);
            if (to <= from)
                return;
            var operation = model.Issue(from, to, zeroes: kind <= 1);
            var offset = (long)first * ClientModel.UnitBytes;
            var length = (end - first) * ClientModel.UnitBytes;
            if (kind == 0)
            {
                await Volume.DiscardAsync(offset, length, fua, default);
            }
            else if (kind == 1)
            {
                await Volume.WriteZeroesAsync(offset, length, fua, default);
            }
            else
            {
                var data = new byte[length];
                ClientModel.Fill(operation, data);
                await Volume.WriteAsync(offset, data, fua, default);
            }
            model.Complete(operation);
            operation.IsDurable |= fua;
        }

        private async Task ReadSomeAsync()
        {
            var model = simulation._model;
            var first = _random.Next(60);
            var bytes = new byte[ClientModel.UnitBytes * _random.Next(1, 40)];
            var issued = model.Tick();
            await Volume.ReadAsync((long)first * ClientModel.UnitBytes, bytes, default);
            model.Check(ClientModel.Decode(bytes), first, $"life {number}, read", operation => operation.Completed < issued);
        }

        private async Task ShadowAsync()
        {
            var remote = simulation._remote;
            var log = Volume.Log;
            if (remote.Committed.Sequence > log.Committed.Sequence)
                log.MarkCommitted(remote.Committed);
            foreach (var seal in log.Seals)
                await GuardAsync(() => UploadAsync(seal));
            while (await GuardAsync(SealAsync))
            {
                if (_tasks.Take(3).All(task => task.IsCompleted))
                    return;
            }
        }

        private async Task SealAsync()
        {
            var log = Volume.Log;
            var last = log.Seals.Count > 0 ? log.Seals[^1].End : log.Committed.LogEnd;
            if (_tasks.Take(3).All(task => task.IsCompleted) && log.DurableEnd <= last)
                return;
            await log.WaitDurableAsync(last + 1, default);
            for (var wait = _random.Next(12); wait > 0; wait--)
                await Task.Yield();
            var cut = log.Barriers.Where(barrier => barrier.Position > last).Select(barrier => barrier.Position).Append(long.MaxValue).Min();
            var entries = log.Read(last, Math.Min(cut, log.DurableEnd)).Select(LogHistory.Describe).ToList();
            entries = entries[..(1 + _random.Next(entries.Count))];
            var sequence = (log.Seals.Count > 0 ? log.Seals[^1].Sequence : log.Committed.Sequence) + 1;
            var seal = new SealDecision(sequence, last, entries[^1].End, RemoteImage.Digest(entries), number);
            await log.AppendSealAsync(seal, default);
            await UploadAsync(seal);
        }

        private async Task UploadAsync(SealDecision seal)
        {
            for (var wait = _random.Next(6); wait > 0; wait--)
                await Task.Yield();
            var remote = simulation._remote;
            if (seal.Sequence > remote.Committed.Sequence)
                remote.Commit(Volume.Log, seal);
            for (var wait = _random.Next(6); wait > 0; wait--)
                await Task.Yield();
            var committed = remote.Committed;
            Volume.Log.MarkCommitted(committed with { LogEnd = simulation._plan.CommittedEnd(committed.LogEnd, Volume.Log) });
            remote.CheckPrefixOf(simulation._history);
        }

        private async Task SnapshotAsync()
        {
            for (var i = 0; i < 4; i++)
            {
                for (var wait = _random.Next(60); wait > 0; wait--)
                    await Task.Yield();
                if (!await GuardAsync(() => TakeSnapshotAsync($"snap-{number}-{i}")))
                    return;
            }
        }

        /// <summary>A snapshot holds what was acknowledged before its request and nothing that was issued after its reply (I4, M2.8).</summary>
        private async Task TakeSnapshotAsync(string id)
        {
            var requested = simulation._model.Tick();
            var position = await simulation._plan.Barrier(Volume, id);
            var replied = simulation._model.Tick();
            simulation._barriers[id] = position;
            simulation._history.Follow(Volume.Log, position);
            simulation._model.Check(simulation._history.StateAt(position), 0, $"life {number}, snapshot {id}",
                operation => operation.Completed < requested, replied);
        }

        /// <summary>False when the machine or its disk is gone; anything else that fails is a violation.</summary>
        private async Task<bool> GuardAsync(Func<Task> action)
        {
            try
            {
                await action();
                return true;
            }
            catch (Violation violation)
            {
                _violation ??= violation;
            }
            catch (Exception) when (disk.HasCrashed || Volume.Failure is not null)
            {
                return false;
            }
            catch (BlockDeviceException full) when (full.Error == DeviceError.NoSpace && disk.Plan.Errors.Count > 0)
            {
                return true;
            }
            catch (Exception unexpected)
            {
                _violation ??= new Violation($"life {number}: {unexpected}");
            }
            return false;
        }

        private void Fail()
        {
            if (_violation is not null)
                throw _violation;
        }
    }
}
