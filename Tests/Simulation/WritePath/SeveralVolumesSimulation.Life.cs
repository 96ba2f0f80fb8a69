using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Hooks;
using Tidegate.GatewayAgent.Shadow;
using Tidegate.GatewayAgent.Snapshots;
using Tidegate.GatewayAgent.Uplink;
using Tidegate.GatewayAgent.Volumes;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Disks;

namespace Tidegate.Tests.Simulation.WritePath;

internal sealed partial class SeveralVolumesSimulation
{
    /// <summary>One run of the agent with all its volumes, from its start to its end.</summary>
    private sealed class AgentLife
    {
        private readonly SeveralVolumesSimulation _simulation;
        private readonly int _number;
        private readonly Random _random;
        private readonly bool _isLast;
        private readonly SeededScheduler _scheduler;
        private readonly FakeTimeProvider _time;
        private readonly FillCount _fills = new();
        private readonly UplinkLimits _uplink;
        private readonly VolumeEnvironment _environment;
        private readonly int _killAt;
        private readonly List<(Member Member, VolumeHost Host, IBlockDevice Device)> _served = [];
        private readonly HashSet<Member> _past = [];
        private Violation? _violation;
        private bool _isKilled;

        internal AgentLife(SeveralVolumesSimulation simulation, int number, Random random)
        {
            (_simulation, _number, _random, _isLast) = (simulation, number, random, number == Lives);
            _scheduler = new SeededScheduler(random);
            _time = new FakeTimeProvider(simulation._now);
            long? rate = random.Next(2) == 0 ? random.Next(64 << 10, 1 << 20) : null;
            _uplink = new UplinkLimits(new UplinkOptions(rate), _time, NullLogger.Instance);
            _environment = new VolumeEnvironment(
                id => Of(id).Service.Connect(), new SharedTransport(simulation, _fills, null), new SealWorkers([_scheduler, _scheduler]),
                Options(random, simulation._passes), _time, NullLoggerFactory.Instance)
            {
                DiskWorker = _scheduler,
                Uplink = _uplink,
                Fills = new FillTurns(simulation._fillsAtOnce + (simulation._bug == SeveralVolumesBug.TooManyFills ? 1 : 0)),
                Adoptable = new ImagesOf(simulation),
            };
            _killAt = !_isLast && random.Next(2) == 0 ? random.Next(1 << random.Next(6, 13)) : int.MaxValue;
            DrawFaults();
        }

        private bool HasCrashed => _simulation._members.Exists(static member => member.Disk.HasCrashed);

        private bool IsOver => HasCrashed || _isKilled || _violation is not null;

        internal void Run()
        {
            try
            {
                Open();
                Drive(Task.WhenAll(_served.Select(served => _scheduler.Start(() => RecoverAsync(served.Member, served.Device)))), "recovering");
                if (!IsOver) Live();
                if (!IsOver && _isLast) End();
                if (!IsOver && _random.Next(2) == 0) Close();
            }
            catch (SimulatedCrashException)
            {
                // Power was lost while a volume was opened.
            }
            if (_violation is not null) throw _violation;
            if (_fills.Most > _simulation._fillsAtOnce) throw new Violation($"life {_number}: {_fills.Most} fills were in memory at once, and {_simulation._fillsAtOnce} turns there are");
            if (_fills.Most > 1) _simulation.Note("fills of several volumes at once");
            _uplink.Dispose();
            Leave();
            _simulation.CheckGroups(_isLast);
        }

        private Member Of(string volumeId) => _simulation._members.Single(member => member.VolumeId == volumeId);

        private void DrawFaults()
        {
            foreach (var faults in _simulation._members.Select(static member => member.Service.Faults))
            {
                (faults.CallLost, faults.ReplyLost, faults.TransferLost, faults.TransferReplyLost, faults.IsDown) = (0, 0, 0, 0, false);
                if (_isLast || _random.Next(3) == 0) continue;
                (faults.CallLost, faults.ReplyLost) = (_random.NextDouble() * 0.2, _random.NextDouble() * 0.2);
                (faults.TransferLost, faults.TransferReplyLost) = (_random.NextDouble() * 0.2, _random.NextDouble() * 0.2);
            }
            if (_isLast || _random.Next(2) == 0) return;
            var disk = _simulation._members[_random.Next(_simulation._members.Count)].Disk;
            disk.Plan.CrashAtCall = disk.Calls + 1 + _random.Next(1 << _random.Next(3, 11));
        }

        private void Open()
        {
            foreach (var member in _simulation._members)
            {
                VolumeHost? host = null;
                var attachment = new VolumeAttachment(member.VolumeId, member.VolumeId, VolumeBytes, "") { AdoptPath = member.IsAdopted ? member.VolumeId : "" };
                var opening = _scheduler.Start(() =>
                {
                    host = VolumeHost.Open(attachment, () => member.Disk, _environment);
                    return Task.CompletedTask;
                });
                while (!opening.IsCompleted) _scheduler.RunOne();
                opening.GetAwaiter().GetResult();
                if (HasCrashed) return;
                if (!host!.TryOpenExport(out var lease))
                    throw new Violation($"life {_number}: {member.VolumeId} is not served: {host.Status([]).State}, {host.Status([]).Reason}");
                _served.Add((member, host, lease.Device));
            }
        }

        /// <summary>What is there is what was promised; flushed, it is the past of this life.</summary>
        private Task RecoverAsync(Member member, IBlockDevice device) => GuardAsync(async () =>
        {
            var state = await ReadAsync(device);
            var survived = _simulation._cacheSurvived;
            member.Model.Check(state[..OwnUnits], 0, $"life {_number}, {member.VolumeId} recovered (I1, I2)",
                operation => survived ? operation.Completed < long.MaxValue : operation.IsDurable);
            await device.FlushAsync(default);
            member.Model.Restart(state[..OwnUnits]);
        });

        private void Live()
        {
            var tasks = new List<Task> { _scheduler.Start(() => GuardAsync(MarkAllAsync)), _scheduler.Start(() => GuardAsync(BreakAsync)), _scheduler.Start(() => GuardAsync(GroupsAsync)) };
            foreach (var (member, _, device) in _served)
            {
                for (var client = 0; client < 2; client++)
                {
                    var random = new Random(_random.Next());
                    tasks.Add(_scheduler.Start(() => GuardAsync(() => ActAsync(member, device, random))));
                }
            }
            Drive(Task.WhenAll(tasks), "living");
        }

        private async Task ActAsync(Member member, IBlockDevice device, Random random)
        {
            for (var left = random.Next(40); left > 0; left--)
            {
                if (random.Next(3) == 0) await Task.Yield();
                if (random.Next(8) == 0)
                {
                    var flushed = member.Model.Tick();
                    var flush = device.FlushAsync(default);
                    if (_simulation._bug != SeveralVolumesBug.FlushAnsweredEarly) await flush;
                    member.Model.MarkDurable(flushed);
                    continue;
                }
                var first = random.Next(OwnUnits / 8) * 8;
                var end = Math.Min(OwnUnits, first + 8 * random.Next(1, 9));
                var isZero = random.Next(8) == 0;
                var operation = member.Model.Issue(first, end, isZero);
                var (offset, length) = ((long)first * ClientModel.UnitBytes, (end - first) * ClientModel.UnitBytes);
                if (isZero)
                {
                    await device.DiscardAsync(offset, length, fua: false, default);
                }
                else
                {
                    var data = new byte[length];
                    ClientModel.Fill(operation, data);
                    await device.WriteAsync(offset, data, fua: false, default);
                }
                member.Model.Complete(operation);
            }
        }

        /// <summary>One number after the other, durably to the first volume, then to the next: at any point the earlier volume is at most one ahead.</summary>
        private async Task MarkAllAsync()
        {
            var newest = 0;
            foreach (var (_, _, device) in _served) newest = Math.Max(newest, (await ReadAsync(device))[OwnUnits]);
            for (var number = newest; number < newest + 25; number++)
            {
                var data = new byte[8 * ClientModel.UnitBytes];
                System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(data.AsSpan()).Fill(number);
                foreach (var (_, _, device) in _served) await device.WriteAsync((long)OwnUnits * ClientModel.UnitBytes, data, fua: true, default);
                if (_random.Next(3) == 0) await Task.Yield();
            }
        }

        private async Task GroupsAsync()
        {
            var round = new SnapshotRound(new SnapshotHooks(HookOptions.None, new ProcessHookRunner(_time), notes: null, NullLogger<SnapshotHooks>.Instance), NullLogger.Instance);
            for (var number = 0; number < 3; number++)
            {
                for (var wait = _random.Next(200); wait > 0; wait--) await Task.Yield();
                var group = new Group($"group-{_number}-{number}", [.. _simulation._members.Select(static member => member.Passes)]);
                var members = _served.ConvertAll(served => (served.Host, group.IdOf(served.Member)));
                if (_simulation._bug == SeveralVolumesBug.GroupOneByOne)
                {
                    var barriers = new List<SnapshotBarrier>();
                    foreach (var (host, id) in members) barriers.Add(await host.TakeSnapshotAsync(id, default));
                    if (barriers.TrueForAll(static barrier => !barrier.IsWaiting)) _simulation._groups.Add(group);
                    continue;
                }
                var taken = await round.TakeAsync(group.Id, members, default);
                if (taken.Barriers.Count == members.Count) _simulation._groups.Add(group);
                else _simulation.Note("a group waits");
            }
        }

        private async Task BreakAsync()
        {
            if (_isLast || _random.Next(2) == 0) return;
            for (var wait = _random.Next(300); wait > 0; wait--) await Task.Yield();
            foreach (var member in _simulation._members) member.Service.Faults.IsDown = true;
            _simulation.Note("the link is cut");
            await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(1, 4000)), _time);
            foreach (var member in _simulation._members) member.Service.Faults.IsDown = false;
        }

        /// <summary>Without faults everything comes right, for all of them.</summary>
        private void End()
        {
            var ends = new Dictionary<Member, int[]>();
            Drive(Task.WhenAll(_served.Select(served => _scheduler.Start(() => GuardAsync(async () =>
            {
                await served.Device.FlushAsync(default);
                do
                {
                    await served.Host.WaitCommittedAsync(default);
                    await Task.Delay(TimeSpan.FromMilliseconds(50), _time);
                }
                while (served.Host.Status([]) is not { State: VolumeRunState.Shadowing, BacklogBytes: 0 });
                var state = await ReadAsync(served.Device);
                served.Member.Model.Check(state[..OwnUnits], 0, $"{served.Member.VolumeId} at the end (I2)", static operation => operation.Completed < long.MaxValue);
                ends[served.Member] = state;
            })))), "draining");
            foreach (var (member, state) in ends)
            {
                var image = ClientModel.Decode(member.Service.ReadAsync(member.Service.Head.ToImage()).GetAwaiter().GetResult());
                if (!image.AsSpan().SequenceEqual(state))
                    throw new Violation($"drained, the service's image of {member.VolumeId} is not the volume (I3), from unit {image.AsSpan().CommonPrefixLength(state)} on");
            }
        }

        private void Close()
        {
            Drive(Task.WhenAll(_served.Select(served => _scheduler.Start(() => GuardAsync(() => served.Host.DisposeAsync().AsTask())))), "closing");
            if (IsOver) return;
            foreach (var (member, _, _) in _served) member.Model.MarkDurable(member.Model.Tick());
            _simulation.Note("the agent is stopped");
        }

        /// <summary>Runs everything until this is done, or the machine or the process is gone.</summary>
        private void Drive(Task work, string what)
        {
            for (var step = 0; !work.IsCompleted && !IsOver; step++)
            {
                if (step == MaxSteps)
                    throw new Violation($"life {_number}: {what} does not come to an end: {string.Join(", ", _served.Select(static served => served.Host.Status([])).Select(static s => $"{s.State} {s.Reason}"))}");
                if (what == "living" && step == _killAt) _isKilled = true;
                else if (!_scheduler.RunOne()) _scheduler.Advance(_time, TimeSpan.FromMilliseconds(_random.Next(1, 300)));
                foreach (var (member, host, _) in _served) Observe(member, host);
            }
        }

        private void Observe(Member member, VolumeHost host)
        {
            if (host.Volume is not { } volume) return;
            if (!volume.IsPast)
            {
                _past.Remove(member);
            }
            else if (_past.Add(member))
            {
                member.Passes++;
                _simulation.Note("writes go past a log");
                if (_past.Count > 1) _simulation.Note("several are past their logs");
            }
        }

        private void Leave()
        {
            _simulation._now = _time.GetUtcNow();
            var survives = !HasCrashed && (_isKilled || _random.Next(2) == 0);
            _simulation._cacheSurvived = survives;
            _simulation.Note(survives ? "the agent is started again" : "power is lost");
            foreach (var member in _simulation._members)
                member.Disk = survives ? member.Disk.Reopen(NewPlan()) : member.Disk.Restart(NewPlan());
        }

        private async Task GuardAsync(Func<Task> action)
        {
            try
            {
                await action();
            }
            catch (Violation violation)
            {
                _violation ??= violation;
            }
            catch (Exception) when (HasCrashed)
            {
                // The machine's end.
            }
            catch (Exception unexpected)
            {
                _violation ??= new Violation($"life {_number}: {unexpected}");
            }
        }

        private static async Task<int[]> ReadAsync(IBlockDevice device)
        {
            var bytes = new byte[VolumeBytes];
            await device.ReadAsync(0, bytes, default);
            return ClientModel.Decode(bytes);
        }
    }
}
