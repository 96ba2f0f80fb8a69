using Microsoft.Extensions.Time.Testing;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Volumes;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Disks;

namespace Tidegate.Tests.Simulation.WritePath;

internal sealed partial class WritePathSimulation
{
    /// <summary>One run of the agent, from its start to its end, whichever that is.</summary>
    private sealed partial class SimulatedLife
    {
        private const int Io = (int)DeviceError.Io;
        private const int NoSpace = (int)DeviceError.NoSpace;
        private readonly WritePathSimulation _simulation;
        private readonly SimulatedDisk _disk;
        private readonly PlantedDisk _planted;
        private readonly PlantedService _service;
        private readonly int _number;
        private readonly Random _random;
        private readonly bool _isLast;
        private readonly SeededScheduler _scheduler;
        private readonly FakeTimeProvider _time;
        private readonly List<Task> _tasks = [];
        private readonly int _killAt;
        private VolumeHost? _host;
        private IExportLease? _lease;
        private LoggedVolume? _volume;
        private Violation? _violation;
        private bool _nested;
        private bool _wasFull;
        private bool _wasDown;
        private bool _isKilled;
        private int[]? _drained;

        internal SimulatedLife(WritePathSimulation simulation, SimulatedDisk disk, int number, Random random, bool isLast)
        {
            (_simulation, _disk, _number, _random, _isLast) = (simulation, disk, number, random, isLast);
            _scheduler = new SeededScheduler(random);
            _time = new FakeTimeProvider(simulation._now);
            _planted = new PlantedDisk(disk, simulation._bug, simulation._memory) { DuringSync = RunOthersDuringSync };
            DrawFaults();
            _service = new PlantedService(
                simulation._service.Connect(), simulation._bug, random, isLast ? 0 : random.NextDouble() * 0.2, simulation._laterCommits);
            _killAt = !isLast && random.Next(3) == 0 ? random.Next(1 << random.Next(4, 12)) : int.MaxValue;
        }

        internal DateTimeOffset Now => _time.GetUtcNow();

        /// <summary>Lives, and returns the disk as the next life finds it.</summary>
        internal SimulatedDisk Run()
        {
            Probe(_disk);
            try
            {
                if (Open())
                    Live();
            }
            catch (SimulatedCrashException)
            {
                // Power was lost while the volume was opened.
            }
            Fail();
            if (_planted.HasStrayed)
                throw new Violation($"life {_number}: work left the simulation's thread");
            return After();
        }

        /// <summary>What goes wrong in this life: drawn before it begins, so that a shorter one is like the longer.</summary>
        private void DrawFaults()
        {
            var faults = _simulation._service.Faults;
            (faults.CallLost, faults.ReplyLost, faults.TransferLost, faults.TransferReplyLost, faults.TicketTooOld, faults.IsDown) = (0, 0, 0, 0, 0, false);
            var plan = _disk.Plan;
            if (_isLast)
                return;
            if (_random.Next(3) > 0)
            {
                (faults.CallLost, faults.ReplyLost) = (_random.NextDouble() * 0.3, _random.NextDouble() * 0.3);
                (faults.TransferLost, faults.TransferReplyLost) = (_random.NextDouble() * 0.3, _random.NextDouble() * 0.3);
                faults.TicketTooOld = _random.NextDouble() * 0.1;
            }
            if (_random.Next(2) == 0)
                plan.CrashAtCall = _disk.Calls + 1 + _random.Next(1 << _random.Next(1, 10));
            if (_random.Next(4) == 0)
            {
                // One call that fails, or the disk is gone from there on.
                var first = _disk.Calls + 1 + _random.Next(1 << _random.Next(1, 9));
                var errno = _random.Next(3) == 0 ? NoSpace : Io;
                for (var call = first; call < first + (_random.Next(4) == 0 ? 4000 : 1); call++)
                    plan.Errors[call] = errno;
            }
            if (_random.Next(6) == 0)
                plan.SyncErrors[_disk.Syncs + 1 + _random.Next(1 << _random.Next(1, 6))] = Io;
            if (_random.Next(6) == 0)
                plan.ReadErrors[_disk.Reads + 1 + _random.Next(1 << _random.Next(1, 9))] = Io;
        }

        private bool Open()
        {
            var environment = Environment(
                _scheduler, _time, _random, _ => _service, _simulation._service.Transport(), _simulation._bug, _simulation._passes);
            var opening = _scheduler.Start(() =>
            {
                _host = VolumeHost.Open(Attachment(VolumeId, _simulation._source), () => _planted, environment);
                return Task.CompletedTask;
            });
            while (!opening.IsCompleted)
                _scheduler.RunOne();
            opening.GetAwaiter().GetResult();
            _volume = _host!.Volume;
            if (_volume is null)
            {
                var status = _host.Status([]);
                if (!_disk.HasCrashed && !_disk.HasFailed)
                    throw new Violation($"life {_number}: the volume is not served: {status.State}, {status.Reason}");
                _simulation.Note("a start fails with its disk");
                return false;
            }
            _service.Log = _volume.Log;
            _host.TryOpenExport(out _lease);
            // What was recovered is durable from here on, and the past. Of writes past the log only a flush says so: the process may have died without one.
            if (_probed is { } state && !(_simulation._cacheSurvived && _simulation._hasPassed))
                _simulation._model.Restart(state);
            else if (_simulation.MayForget)
                _simulation._model.LoseUnflushed();
            Observe();
            return true;
        }

        private void Live()
        {
            for (var actor = 0; actor < SimulationStep.Actors; actor++)
            {
                var own = actor;
                var steps = _simulation._steps.Where(step => step.Life == _number && step.Actor == own).ToList();
                _tasks.Add(_scheduler.Start(() => ActAsync(own, steps)));
            }
            for (var step = 0; step < MaxSteps && IsAlive; step++)
            {
                if (_tasks.TrueForAll(task => task.IsCompleted))
                    break;
                if (step == _killAt)
                {
                    _isKilled = true;
                    _simulation.Note("the process is killed");
                    return;
                }
                Step();
            }
            Fail();
            if (IsAlive)
                End();
            else if (_volume!.Failure is { } failure && !_disk.HasCrashed)
                CheckFailure(failure);
        }

        // What each actor has under way.
        private readonly string[] _doing = [.. Enumerable.Repeat("", SimulationStep.Actors)];

        private bool IsAlive => !_disk.HasCrashed && _volume!.Failure is null && _violation is null;

        private void Step()
        {
            if (!_scheduler.RunOne())
                _scheduler.Advance(_time, TimeSpan.FromMilliseconds(_random.Next(1, 300)));
            Observe();
        }

        /// <summary>A volume stops for a failing disk alone, and never because the disk is full (rule 8).</summary>
        private void CheckFailure(Exception failure)
        {
            if (failure is SimulatedCrashException || (failure is DiskFaultException && _disk.HasFailed))
                _simulation.Note("a volume stops with its disk");
            else
                throw new Violation($"life {_number}: the volume stopped without cause: {failure}");
        }

        private void End()
        {
            if (!_tasks.TrueForAll(task => task.IsCompleted))
                throw new Violation($"life {_number}: these never finish: {string.Join(", ", _doing.Where(doing => doing.Length > 0))}; the volume is {_host!.Status([]).State} ({_host.Status([]).Reason})");
            if (_isLast)
            {
                Finish(DrainAsync, "draining");
                CheckEnd();
            }
            if (_random.Next(2) == 0)
            {
                Finish(ReadAllAsync, "reading all");
                if (!IsAlive)
                    return;
            }
            if (_random.Next(2) == 0)
                Close();
            else if (_random.Next(2) == 0)
                _isKilled = true;
        }

        private void Close()
        {
            Finish(() => _host!.DisposeAsync().AsTask(), "closing");
            // A disk that fails while the volume is closed is like one that fails before: promised is what was acknowledged.
            if (_disk.HasCrashed || _disk.HasFailed)
                return;
            _simulation._model.MarkDurable(_simulation._model.Tick());
            _simulation.Note("the volume is closed");
            if (_volume!.Log.AppliedEnd != _volume.Log.End && !_simulation._hasPassed)
                throw new Violation($"life {_number}: closed at {_volume.Log.End} with P at {_volume.Log.AppliedEnd}");
        }

        /// <summary>Everything else goes on until this is done; it must come to an end.</summary>
        private void Finish(Func<Task> work, string what)
        {
            var task = _scheduler.Start(() => GuardAsync(work));
            for (var step = 0; !task.IsCompleted && !_disk.HasCrashed; step++)
            {
                if (step == MaxSteps)
                    throw new Violation($"life {_number}: {what} does not come to an end ({_host!.Status([]).State}: {_host.Status([]).Reason})");
                Step();
            }
            Fail();
        }

        private async Task DrainAsync()
        {
            // Something to commit: an agent that has nothing to say does not hear what the service has lost.
            await ChangeAsync(0, new Random(_number));
            await _lease!.Device.FlushAsync(default);
            await _host!.WaitCommittedAsync(default);
            await _host.WaitRestoredAsync(default);
            while (_host.Status([]).State is VolumeRunState.CatchingUp or VolumeRunState.PassThrough)
                await Task.Delay(TimeSpan.FromMilliseconds(50), _time);
            await _host.WaitCommittedAsync(default);
            _drained = await ReadStateAsync(_lease.Device);
        }

        private async Task ReadAllAsync()
        {
            var state = await ReadStateAsync(_lease!.Device);
            _simulation._model.Check(state, 0, $"life {_number}, quiet (I2)", operation => operation.Completed < long.MaxValue);
        }

        private static async Task<int[]> ReadStateAsync(IBlockDevice device)
        {
            var bytes = new byte[VolumeBytes];
            await device.ReadAsync(0, bytes, default);
            return ClientModel.Decode(bytes);
        }

        /// <summary>Without faults everything comes right: the service has the volume, and every snapshot that was promised.</summary>
        private void CheckEnd()
        {
            var status = _host!.Status([]);
            if (status.State != VolumeRunState.Shadowing)
                throw new Violation($"the volume ends as {status.State}: {status.Reason}");
            if (_simulation._service.Head.CommittedLogEnd < _volume!.Log.Committed.LogEnd)
                throw new Violation("the log is committed further than the service says");
            var state = _simulation._hasPassed ? _drained! : _simulation._history.StateAt(_volume.Log.End);
            var image = Decode(_simulation._service.ReadAsync(_simulation._service.Head.ToImage()));
            if (!image.AsSpan().SequenceEqual(state))
            {
                var unit = image.AsSpan().CommonPrefixLength(state);
                throw new Violation($"drained, the service's image is not the volume (I3): unit {unit} holds {image[unit]} there, {state[unit]} here");
            }
            // On a branch a barrier is no point of its own: those that were not committed yet wait for the publication.
            foreach (var id in _simulation._barriers.Keys)
            {
                if (!_simulation._hasGoneBack && !_simulation._hasPassed && !_simulation._service.Snapshots.ContainsKey(id))
                    throw new Violation($"snapshot {id} was acknowledged and never completed (I4)");
            }
        }

        private SimulatedDisk After()
        {
            var plan = NewPlan();
            _simulation._recoveries++;
            _simulation.Trace($"course {_scheduler.Course:x16}");
            GoBack();
            var survives = _isKilled || (!_disk.HasCrashed && _disk.HasFailed && _random.Next(2) == 0);
            _simulation.Note(survives ? "the agent is started again" : "power is lost");
            _simulation._cacheSurvived = survives && (_volume is not null || _simulation._cacheSurvived);
            return survives ? _disk.Reopen(plan) : _disk.Restart(plan);
        }

        /// <summary>Between two lives the service may lose its newest states; and what was late arrives.</summary>
        private void GoBack()
        {
            var service = _simulation._service;
            if (_isLast)
                return;
            while (_simulation._laterCommits.Count > 0 && _random.Next(2) == 0)
            {
                var request = _simulation._laterCommits[0];
                _simulation._laterCommits.RemoveAt(0);
                Deliver(request);
            }
            if (_random.Next(12) > 0 || service.Heads.Count < 2)
                return;
            service.GoBackTo(service.Heads[_random.Next(service.Heads.Count)]);
            _simulation._hasGoneBack = true;
            _simulation.Note("the service goes back");
        }

        private void Observe()
        {
            if (_volume is null || _disk.HasCrashed || _volume.Failure is not null)
                return;
            if (_volume.IsPast && !_simulation._hasPassed)
            {
                _simulation._hasPassed = true;
                _simulation.Note("writes go past the log");
            }
            _simulation._durableSeen = Math.Max(_simulation._durableSeen, _volume.Log.DurableEnd);
            if (!_simulation._hasPassed)
                Follow(_volume.Log.End);
            var status = _host!.Status([]);
            if (status.State == VolumeRunState.Diverged && _simulation._tookOldCommit)
                throw new TwoHistoriesException();
            if (status.State is VolumeRunState.Diverged or VolumeRunState.Failed && _volume.Failure is null && !_disk.HasFailed && !_disk.HasCrashed)
                throw new Violation($"life {_number}: the volume is {status.State}: {status.Reason}");
        }

        private void Follow(long end)
        {
            _disk.IsWatched = true;
            _simulation._history.Follow(_volume!.Log, end);
            _disk.IsWatched = false;
        }

        private void RunOthersDuringSync()
        {
            if (_nested)
                return;
            _nested = true;
            for (var others = _random.Next(4); others > 0 && !_disk.HasCrashed && _scheduler.RunOne(); others--)
                Observe();
            _nested = false;
        }
    }
}
