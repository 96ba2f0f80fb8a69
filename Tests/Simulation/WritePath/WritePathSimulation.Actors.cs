using Tidegate.GatewayAgent.Devices;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Tests.Kit.Disks;

namespace Tidegate.Tests.Simulation.WritePath;

// What goes on at once: clients, snapshots, and what fails around them.
internal sealed partial class WritePathSimulation
{
    private sealed partial class SimulatedLife
    {
        private async Task ActAsync(int actor, List<SimulationStep> steps)
        {
            foreach (var step in steps)
            {
                var random = new Random(step.Seed);
                _doing[actor] = actor switch { SimulationStep.Snapshots => "a snapshot", SimulationStep.Faults => "a fault", _ => $"client {actor}" };
                if (!await GuardAsync(() => actor switch
                {
                    SimulationStep.Snapshots => SnapshotAsync(random, $"snap-{_number}-{step.Seed}"),
                    SimulationStep.Faults => BreakAsync(random),
                    _ => OperateAsync(actor, random),
                }))
                    return;
            }
            _doing[actor] = "";
        }

        private async Task OperateAsync(int client, Random random)
        {
            var model = _simulation._model;
            if (random.Next(3) == 0)
                await Task.Yield();
            switch (random.Next(10))
            {
                case 0:
                    var flushed = model.Tick();
                    _doing[client] = $"client {client}'s flush";
                    var flush = _lease!.Device.FlushAsync(default);
                    if (_simulation._bug != PlantedBug.FlushAnsweredEarly)
                        await flush;
                    model.MarkDurable(flushed);
                    _simulation.Trace($"client {client} has flushed");
                    break;
                case 1:
                    _doing[client] = $"client {client}'s read";
                    await ReadSomeAsync(random);
                    break;
                default:
                    await ChangeAsync(client, random);
                    break;
            }
        }

        private async Task ChangeAsync(int client, Random random)
        {
            var model = _simulation._model;
            var aligned = random.Next(3) > 0;
            var unit = aligned ? 8 : 1;
            // Few places, so that requests meet each other.
            var first = random.Next(Units / 2) / unit * unit * (random.Next(4) == 0 ? 1 : 0) + random.Next(6) * unit;
            var end = Math.Min(Units, first + unit * random.Next(1, aligned ? 5 : 20));
            var fua = random.Next(8) == 0;
            var kind = random.Next(8);
            var (from, to) = kind == 0 ? ((first + 7) / 8 * 8, end / 8 * 8) : (first, end);
            if (to <= from)
                return;
            var operation = model.Issue(from, to, zeroes: kind <= 1);
            _simulation.Trace($"client {client} {(kind == 0 ? "discards" : kind == 1 ? "zeroes" : "writes")} [{from}, {to}) as #{operation.Id}{(fua ? " with FUA" : "")}");
            var offset = (long)first * ClientModel.UnitBytes;
            var length = (end - first) * ClientModel.UnitBytes;
            var asks = fua && _simulation._bug != PlantedBug.FuaAnsweredEarly;
            if (kind == 0)
            {
                await _lease!.Device.DiscardAsync(offset, length, asks, default);
            }
            else if (kind == 1)
            {
                await _lease!.Device.WriteZeroesAsync(offset, length, asks, default);
            }
            else
            {
                var data = new byte[length];
                ClientModel.Fill(operation, data);
                await _lease!.Device.WriteAsync(offset, data, asks, default);
            }
            model.Complete(operation);
            operation.IsDurable |= fua;
            _simulation.Trace($"#{operation.Id} is answered");
        }

        private async Task ReadSomeAsync(Random random)
        {
            var model = _simulation._model;
            var first = random.Next(Units - 40);
            var bytes = new byte[ClientModel.UnitBytes * random.Next(1, 40)];
            var issued = model.Tick();
            await _lease!.Device.ReadAsync((long)first * ClientModel.UnitBytes, bytes, default);
            model.Check(ClientModel.Decode(bytes), first, $"life {_number}, read (I2)", operation => operation.Completed < issued);
        }

        /// <summary>A snapshot holds what was acknowledged before its request and nothing that was issued after its reply (I4, M2.8).</summary>
        private async Task SnapshotAsync(Random random, string id)
        {
            for (var wait = random.Next(60); wait > 0; wait--)
                await Task.Yield();
            var requested = _simulation._model.Tick();
            if (await BarrierAsync(id) is not { } position)
            {
                _simulation.Note("a snapshot waits");
                return;
            }
            var replied = _simulation._model.Tick();
            _simulation.Trace($"snapshot {id} is at {position}");
            _simulation._barriers[id] = position;
            if (_simulation._hasPassed)
                return;
            Follow(position);
            _simulation._model.Check(_simulation._history.StateAt(position), 0, $"life {_number}, snapshot {id}",
                operation => operation.Completed < requested, replied);
        }

        /// <summary>The snapshot's point; null when it will be that of a publication.</summary>
        private async Task<long?> BarrierAsync(string id)
        {
            if (_simulation._bug != PlantedBug.SnapshotAnsweredEarly)
                return await _host!.TakeSnapshotAsync(id, default) is { IsWaiting: false } barrier ? barrier.LogPosition : null;
            _ = _volume!.Log.AppendBarrierAsync(id, default);
            return _volume.Log.End;
        }

        /// <summary>The link goes, or the disk is full, for a while; or a call that was given up arrives.</summary>
        private async Task BreakAsync(Random random)
        {
            for (var wait = random.Next(200); wait > 0; wait--)
                await Task.Yield();
            var plan = _disk.Plan;
            var faults = _simulation._service.Faults;
            switch (random.Next(3))
            {
                case 0:
                    _wasDown = true;
                    faults.IsDown = true;
                    _simulation.Note("the link is cut");
                    await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 4000)), _time);
                    faults.IsDown = false;
                    break;
                case 1:
                    _wasFull = true;
                    plan.CapacityPages = _disk.UsedPages;
                    _simulation.Note("the disk is full");
                    await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 4000)), _time);
                    plan.CapacityPages = long.MaxValue;
                    break;
                case 2 when _simulation._laterCommits.Count > 0:
                    var request = _simulation._laterCommits[random.Next(_simulation._laterCommits.Count)];
                    _simulation._laterCommits.Remove(request);
                    await DeliverAsync(request);
                    break;
            }
        }

        private void Deliver(CommitRequest request)
        {
            // The life is over: what it still had to do is never done.
            var scheduler = new SeededScheduler(_random);
            var delivered = scheduler.Start(() => DeliverAsync(request));
            while (!delivered.IsCompleted && scheduler.RunOne())
            {
            }
        }

        private async Task DeliverAsync(CommitRequest request)
        {
            try
            {
                await _simulation._service.Connect().CommitAsync(request, default);
                _simulation._tookOldCommit |= _simulation._hasGoneBack;
                _simulation.Note("a late commit is accepted");
            }
            catch (Exception error) when (error is TidegateException or TimeoutException)
            {
                _simulation.Note("a late commit is refused");
            }
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
            catch (Exception) when (_disk.HasCrashed || _volume!.Failure is not null)
            {
                return false;
            }
            catch (BlockDeviceException full) when (full.Error == DeviceError.NoSpace && (_wasFull || _disk.HasFailed))
            {
                _simulation.Note("a change is refused for want of space");
                return true;
            }
            catch (BlockDeviceException unread) when (unread.Error == DeviceError.Io && (_disk.HasFailed || _wasDown || _wasFull))
            {
                _simulation.Note("a request fails with its disk or its link");
                return true;
            }
            catch (Exception unexpected)
            {
                _violation ??= new Violation($"life {_number}: {unexpected}");
            }
            return false;
        }

        private void Fail()
        {
            if (_violation is not null)
                throw _simulation._tookOldCommit && _violation.Message.Contains(" is Diverged", StringComparison.Ordinal) ? new TwoHistoriesException() : _violation;
        }
    }
}
