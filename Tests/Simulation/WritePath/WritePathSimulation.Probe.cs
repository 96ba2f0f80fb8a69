using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Volumes;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Tests.Kit.Disks;
using Log = Tidegate.GatewayAgent.WriteLog.WriteLog;

namespace Tidegate.Tests.Simulation.WritePath;

// What a recovery finds, tried on a copy of the disk so that the life itself begins as it would.
internal sealed partial class WritePathSimulation
{
    /// <summary>After the process was killed the machine still has all that was written.</summary>
    private bool _cacheSurvived;

    /// <summary>What a process wrote past the log into blocks that were absent, it knows alone until a flush: its end is like a loss of power then.</summary>
    private bool MayForget => _hasPassed && _source.Length > 0;

    private sealed partial class SimulatedLife
    {
        private int[]? _probed;

        /// <summary>Recovers a copy of the disk and holds what is there against the models.</summary>
        private void Probe(SimulatedDisk disk)
        {
            var copy = disk.Copy(new Random(_random.Next()));
            if (!LoggedVolume.Exists(copy))
            {
                if (_simulation._history.End > 0)
                    throw new Violation($"life {_number}: the volume's log is gone (I1)");
                return;
            }
            var (state, log) = Recover(copy, damage: null);
            if (log!.End < _simulation._durableSeen && !_simulation._hasPassed)
                throw new Violation($"life {_number}: the log ends at {log.End}, but was durable to {_simulation._durableSeen} (I1)");
            if (!_simulation._hasPassed)
                _simulation._history.Recover(log);
            var survived = _simulation._cacheSurvived && !_simulation.MayForget;
            _simulation._model.Check(state!, 0, $"life {_number}, recovered (I1, I2)",
                operation => survived ? operation.Completed < long.MaxValue : operation.IsDurable);
            if (_simulation._hasPassed)
            {
                _probed = state;
                return;
            }
            if (!state.AsSpan().SequenceEqual(_simulation._history.StateAt(log.End)))
                throw new Violation($"life {_number}: the recovered volume is not a prefix of the write order (I3)");
            if (_simulation._service.Head.CommittedLogEnd > log.End)
                throw new Violation($"life {_number}: the service has the log to {_simulation._service.Head.CommittedLogEnd}, but it ends at {log.End} (I3)");
            foreach (var (id, position) in _simulation._barriers)
            {
                if (position > log.End || (position > log.Committed.LogEnd && !log.Barriers.Contains(new BarrierPoint(id, position))))
                    throw new Violation($"life {_number}: the barrier of {id} at {position} is gone (I4)");
            }
            _probed = state;
            if (_random.Next(4) == 0)
                TryDamage(disk, log, state!);
        }

        /// <summary>Damage at rest: the open says so, or what is read is right all the same (I6).</summary>
        private void TryDamage(SimulatedDisk disk, Log log, int[] state)
        {
            var copy = disk.Copy(new Random(_random.Next()));
            var must = Damage(copy, log, out var what);
            var (found, _) = Recover(copy, what);
            if (found is null)
                _simulation.Note("damage is told");
            else if (must)
                throw new Violation($"life {_number}: {what} went unnoticed (I6)");
            else if (!found.AsSpan().SequenceEqual(state) && !IsRight(found))
                throw new Violation($"life {_number}: {what} changed what is read (I6)");
            else
                _simulation.Note("damage is where nothing is read");
        }

        // A sector that is like one that a torn tail lacks, and comes to lie in its place, makes a record whole that nobody was promised.
        private bool IsRight(int[] found)
        {
            try
            {
                _simulation._model.Check(found, 0, "", operation => operation.IsDurable);
                return true;
            }
            catch (Violation)
            {
                return false;
            }
        }

        /// <summary>True when it must be told: it is in what is durable and not applied.</summary>
        private bool Damage(SimulatedDisk copy, Log log, out string what)
        {
            var pending = _simulation._history.Entries.Where(entry => entry.Position >= log.AppliedEnd && !IsNote(entry)).ToList();
            switch (_random.Next(4))
            {
                case 0 when pending.Count > 0:
                    // An open has read and synced all of it, and says so: only then is none of it a torn tail.
                    SyncAll(copy);
                    var victim = pending[_random.Next(pending.Count)];
                    var position = victim.Position + _random.NextInt64(victim.End - victim.Position);
                    what = $"a flipped bit at log position {position} (record at {victim.Position})";
                    copy.Corrupt(Log.FileName, LogFile.DataStart + position % log.CapacityBytes);
                    return true;
                case 1 when copy.SizeOf(PresenceMap.FileName) > 0:
                    var byteAt = _random.Next(92);
                    what = $"a flipped bit in byte {byteAt} of the presence map's header";
                    copy.Corrupt(PresenceMap.FileName, byteAt);
                    return false;
                case 2:
                    var slot = _random.Next(2);
                    var at = _random.Next(LogSuperblock.Bytes);
                    what = $"a flipped bit in byte {at} of superblock {slot}";
                    SyncAll(copy);
                    copy.Corrupt(Log.FileName, slot * LogSuperblock.SlotBytes + at);
                    return true;
                default:
                    var sectors = (int)(copy.SizeOf(Log.FileName) / 512);
                    var (from, to) = (_random.Next(16, sectors), _random.Next(16, sectors));
                    what = $"a sector written to {to * 512} that belongs at {from * 512} of the log";
                    SyncAll(copy);
                    copy.Misdirect(Log.FileName, from * 512L, to * 512L, 512);
                    return false;
            }
        }

        private static bool IsNote(LogHistory.Entry entry) => entry.Kind >= LogRecordKind.Seal;

        /// <summary>Opens the log once, so that it knows all of its records durable.</summary>
        private void SyncAll(SimulatedDisk copy)
        {
            var (scheduler, time) = (new SeededScheduler(_random), new FakeTimeProvider(_simulation._now));
            var log = Log.Open(new PlantedDisk(copy, _simulation._bug, _simulation._memory), new WriteLogOptions { VolumeId = VolumeId, Worker = scheduler, Time = time });
            log.Abandon();
        }

        /// <summary>The volume that a disk holds, and its log; nothing when damage is told.</summary>
        private (int[]? State, Log? Log) Recover(SimulatedDisk copy, string? damage)
        {
            var faults = _simulation._service.Faults;
            var (callLost, replyLost, lost, late) = (faults.CallLost, faults.ReplyLost, faults.TransferLost, faults.TransferReplyLost);
            (faults.CallLost, faults.ReplyLost, faults.TransferLost, faults.TransferReplyLost) = (0, 0, 0, 0);
            var (scheduler, time) = (new SeededScheduler(new Random(_random.Next())), new FakeTimeProvider(_simulation._now));
            try
            {
                LoggedVolume? volume = null;
                int[]? state = null;
                var work = scheduler.Start(async () =>
                {
                    volume = OpenCopy(new PlantedDisk(copy, _simulation._bug, _simulation._memory), scheduler, time);
                    state = await ReadStateAsync(volume);
                });
                for (var step = 0; !work.IsCompleted; step++)
                {
                    if (step == MaxSteps)
                        throw new Violation($"life {_number}: the recovered volume cannot be read");
                    if (!scheduler.RunOne())
                        scheduler.Advance(time, TimeSpan.FromMilliseconds(50));
                }
                if (damage is not null && work.IsFaulted)
                    return IsTold(work.Exception!.GetBaseException()) ? (null, null)
                        : throw new Violation($"life {_number}: {damage} is told as {work.Exception.GetBaseException()}");
                if (work.IsFaulted)
                    throw new Violation($"life {_number}: the volume cannot be recovered: {work.Exception!.GetBaseException()}");
                return (state, volume!.Log);
            }
            finally
            {
                (faults.CallLost, faults.ReplyLost, faults.TransferLost, faults.TransferReplyLost) = (callLost, replyLost, lost, late);
            }
        }

        private static bool IsTold(Exception error) => error is LogCorruptException or InvalidDataException or BlockDeviceException;

        private LoggedVolume OpenCopy(PlantedDisk copy, SeededScheduler scheduler, FakeTimeProvider time)
        {
            Hydrator? hydrator = null;
            var options = Options(_random, passes: false);
            if (_simulation._source.Length > 0)
            {
                var map = PresenceMap.Open(copy, VolumeId, _simulation._source, VolumeBytes, wasServed: true);
                if (!map.IsComplete)
                {
                    hydrator = new Hydrator(VolumeId, map, _simulation._service.Connect(), _simulation._service.Transport(), options.Hydration, time,
                        NullLogger.Instance);
                }
            }
            var volume = LoggedVolume.Open(copy, new LoggedVolumeOptions
            {
                Log = new WriteLogOptions { VolumeId = VolumeId, Worker = scheduler, Time = time },
                ApplyWorker = scheduler,
                AbsentBlocks = hydrator is null ? null : new PlantedBlocks(hydrator, _simulation._bug),
            });
            hydrator?.Start(volume);
            return volume;
        }
    }
}
