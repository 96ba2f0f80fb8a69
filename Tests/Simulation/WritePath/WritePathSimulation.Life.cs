using Microsoft.Extensions.Time.Testing;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Tests.Kit.Disks;

namespace Tidegate.Tests.Simulation.WritePath;

internal sealed partial class WritePathSimulation
{
    /// <summary>One run of the agent, from power on to power off.</summary>
    private sealed partial class SimulatedLife(WritePathSimulation simulation, SimulatedDisk disk, int number)
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
    }
}
