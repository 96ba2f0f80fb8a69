using System.Buffers.Binary;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.GatewayAgent.Hooks;
using Tidegate.GatewayAgent.Snapshots;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Service;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Volumes;

/// <summary>Snapshots of several volumes at one point (M2.8).</summary>
public sealed class GroupSnapshotTests
{
    private const long SizeBytes = 1 << 20;
    private const int Writers = 3;

    [Fact]
    public async Task No_group_holds_a_write_without_the_one_on_another_volume_that_it_came_after()
    {
        await using var pair = new Pair(seed: 1);
        var ids = await pair.WhileWritersDependAsync(async take =>
        {
            for (var i = 0; i < 25; i++)
            {
                await take.StepAsync();
                var group = await pair.TakeAsync($"grp-{i}");
                Assert.Equal(["snap-a-" + group.GroupId, "snap-b-" + group.GroupId], group.Barriers.Select(barrier => barrier.SnapshotId));
            }
            return Enumerable.Range(0, 25).Select(i => $"grp-{i}").ToArray();
        });
        Assert.Equal(0, await pair.ViolationsAsync(ids));
    }

    [Fact]
    public async Task Barriers_taken_one_after_the_other_are_caught_by_the_same_check()
    {
        await using var pair = new Pair(seed: 2);
        var ids = await pair.WhileWritersDependAsync(async take =>
        {
            await take.StepAsync();
            await pair.A.Host.TakeSnapshotAsync("snap-a-grp-0", CancellationToken.None);
            await take.StepAsync();
            await pair.B.Host.TakeSnapshotAsync("snap-b-grp-0", CancellationToken.None);
            return new[] { "grp-0" };
        });
        Assert.NotEqual(0, await pair.ViolationsAsync(ids));
    }

    [Fact]
    public async Task Asking_again_gives_the_same_point_also_after_a_crash()
    {
        await using var pair = new Pair(seed: 3, isDown: true);
        await pair.WriteAsync(0, 1);
        var first = await pair.TakeAsync("grp-a");
        await pair.WriteAsync(0, 2);
        Assert.Equal(first.Barriers, (await pair.TakeAsync("grp-a")).Barriers);
        var (one, two) = (await pair.A.CrashAsync(), await pair.B.CrashAsync());
        await using var recovered = new Pair(seed: 3, isDown: true, one, two);
        Assert.Equal(first.Barriers.Select(barrier => barrier.LogPosition), (await recovered.TakeAsync("grp-a")).Barriers.Select(barrier => barrier.LogPosition));
    }

    [Fact]
    public async Task A_group_that_was_cut_off_between_its_volumes_is_answered_without_those_that_lack_it()
    {
        await using var pair = new Pair(seed: 4);
        await pair.A.Host.TakeSnapshotAsync("snap-a-grp-a", CancellationToken.None);
        Assert.Equal(["snap-a-grp-a"], (await pair.TakeAsync("grp-a")).Barriers.Select(barrier => barrier.SnapshotId));
    }

    [Fact]
    public async Task A_member_that_is_not_served_fails_the_group_and_leaves_no_barrier_with_the_other()
    {
        await using var pair = new Pair(seed: 5, isDown: true);
        await pair.B.DisposeAsync();
        var end = pair.A.Host.Status([]).BacklogBytes;
        var refused = await Assert.ThrowsAsync<TidegateException>(() => pair.TakeAsync("grp-a"));
        Assert.Equal(ErrorCodes.InvalidState, refused.Code);
        Assert.Equal(end, pair.A.Host.Status([]).BacklogBytes);
        // The other can take snapshots as before.
        await pair.A.Host.TakeSnapshotAsync("snap-alone", CancellationToken.None).OrHungAsync();
    }

    [Fact]
    public async Task Two_groups_of_the_same_volumes_in_any_order_never_wait_for_each_other()
    {
        await using var pair = new Pair(seed: 6);
        var groups = Enumerable.Range(0, 20).Select(i => Task.Run(() => pair.TakeAsync($"grp-{i}", isReversed: i % 2 == 1))).ToArray();
        await Task.WhenAll(groups).OrHungAsync();
    }

    /// <summary>Two volumes of one gateway, each with its service.</summary>
    private sealed class Pair : IAsyncDisposable
    {
        private readonly ModelService _serviceA;
        private readonly ModelService _serviceB;
        private readonly SnapshotRound _rounds = new(
            new SnapshotHooks(HookOptions.None, new ProcessHookRunner(TimeProvider.System), null, NullLogger<SnapshotHooks>.Instance), NullLogger.Instance);

        public Pair(int seed, bool isDown = false, LockedDisk? a = null, LockedDisk? b = null)
        {
            _serviceA = new ModelService("vol-000000000000000000a1", SizeBytes, seed);
            _serviceB = new ModelService("vol-000000000000000000b1", SizeBytes, seed + 100);
            (_serviceA.Faults.IsDown, _serviceB.Faults.IsDown) = (isDown, isDown);
            A = AgentVolume.Open(_serviceA, a ?? LockedDisk.Seeded(seed));
            B = AgentVolume.Open(_serviceB, b ?? LockedDisk.Seeded(seed + 100));
        }

        public AgentVolume A { get; }

        public AgentVolume B { get; }

        public Task<GroupBarriers> TakeAsync(string groupId, bool isReversed = false)
        {
            var members = new[] { (A.Host, "snap-a-" + groupId), (B.Host, "snap-b-" + groupId) };
            return _rounds.TakeAsync(groupId, isReversed ? [.. members.Reverse()] : members, CancellationToken.None);
        }

        /// <summary>The number to A; once that is answered, to B.</summary>
        public async Task WriteAsync(int writer, long number)
        {
            var sector = new byte[4096];
            BinaryPrimitives.WriteInt64LittleEndian(sector, number);
            await A.Device.WriteAsync(writer * 4096L, sector, fua: false, CancellationToken.None);
            await B.Device.WriteAsync(writer * 4096L, sector, fua: false, CancellationToken.None);
        }

        /// <summary>Runs writers that never pause; gives the act something to wait by.</summary>
        public async Task<string[]> WhileWritersDependAsync(Func<Progress, Task<string[]>> act)
        {
            var progress = new Progress();
            var writing = Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
            {
                for (var number = 1L; !progress.IsOver; number++)
                {
                    await WriteAsync(writer, number);
                    progress.Note(writer);
                    await Task.Yield();
                }
            })).ToArray();
            try
            {
                return await act(progress).OrHungAsync();
            }
            finally
            {
                progress.IsOver = true;
                await Task.WhenAll(writing);
            }
        }

        /// <summary>How often a group's B has a number that its A has not, as the service holds both.</summary>
        public async Task<int> ViolationsAsync(string[] groups)
        {
            await A.DrainAsync();
            await B.DrainAsync();
            var violations = 0;
            foreach (var group in groups)
            {
                var a = await _serviceA.ReadAsync(_serviceA.Snapshots["snap-a-" + group]);
                var b = await _serviceB.ReadAsync(_serviceB.Snapshots["snap-b-" + group]);
                for (var writer = 0; writer < Writers; writer++)
                    violations += Number(b, writer) > Number(a, writer) ? 1 : 0;
            }
            return violations;
        }

        public async ValueTask DisposeAsync()
        {
            await A.DisposeAsync();
            await B.DisposeAsync();
        }

        private static long Number(byte[] image, int writer) => BinaryPrimitives.ReadInt64LittleEndian(image.AsSpan(writer * 4096));
    }

    /// <summary>What the writers have done.</summary>
    private sealed class Progress
    {
        private readonly Lock _gate = new();
        private readonly long[] _done = new long[Writers];
        private TaskCompletionSource _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsOver { get => Volatile.Read(ref field); set => Volatile.Write(ref field, value); }

        public void Note(int writer)
        {
            lock (_gate)
            {
                _done[writer]++;
                _moved.SetResult();
                _moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        /// <summary>Completes when every writer has begun and ended a pair of writes after the call.</summary>
        public async Task StepAsync()
        {
            long[] wanted;
            lock (_gate)
                wanted = [.. _done.Select(static done => done + 2)];
            while (true)
            {
                Task moved;
                lock (_gate)
                {
                    if (_done.Zip(wanted).All(static pair => pair.First >= pair.Second))
                        return;
                    moved = _moved.Task;
                }
                await moved;
            }
        }
    }
}
