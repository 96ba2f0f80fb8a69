using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.WriteLog;

namespace Tidegate.Tests.Simulation.WritePath;

// What goes on at once: clients, the shadow, snapshots.
internal sealed partial class WritePathSimulation
{
    private sealed partial class SimulatedLife
    {
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
