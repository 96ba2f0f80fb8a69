using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.GatewayAgent.Hooks;
using Tidegate.GatewayAgent.Snapshots;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Service;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Agent.Hooks;

/// <summary>Freeze and thaw around a snapshot's point (M2.8): thaw always follows freeze.</summary>
public sealed class SnapshotHooksTests
{
    private readonly FakeHookRunner _runner = new();
    private readonly LockedDisk _notes = LockedDisk.Seeded(7);

    [Fact]
    public async Task A_snapshot_between_freeze_and_thaw_is_application_consistent_and_hooks_know_what_for()
    {
        await using var agent = Open(seed: 1);
        var hooks = Hooks(Set());
        var barrier = await TakeAsync(hooks, agent, "snap-a");
        Assert.Equal((SnapshotConsistency.Application, ""), (barrier.Consistency, barrier.HookFailure));
        Assert.Equal(["freeze", "thaw"], _runner.Ran);
        Assert.All(_runner.Environments, told => Assert.Equal(("data", "snap-a", ""), (told["TIDEGATE_VOLUMES"], told["TIDEGATE_SNAPSHOT_IDS"], told["TIDEGATE_GROUP_ID"])));
        Assert.Equal(["freeze", "thaw"], _runner.Environments.Select(told => told["TIDEGATE_HOOK"]));
        Assert.Empty(_notes.List());
        // Asking again freezes nobody.
        Assert.Equal(barrier, await TakeAsync(hooks, agent, "snap-a"));
        Assert.Equal(2, _runner.Ran.Count);
    }

    [Fact]
    public async Task A_freeze_that_fails_thaws_and_fails_the_snapshot()
    {
        await using var agent = Open(seed: 2);
        _runner.Failures["freeze"] = "no database";
        var refused = await Assert.ThrowsAsync<TidegateException>(() => TakeAsync(Hooks(Set()), agent, "snap-a"));
        Assert.Equal(ErrorCodes.InvalidState, refused.Code);
        Assert.Contains("no database", refused.Message, StringComparison.Ordinal);
        Assert.Equal(["freeze", "thaw"], _runner.Ran);
        Assert.Empty(_notes.List());
    }

    [Fact]
    public async Task A_freeze_that_may_fail_leaves_a_crash_consistent_snapshot_that_says_why()
    {
        await using var agent = Open(seed: 3);
        _runner.Failures["freeze"] = "no database";
        var barrier = await TakeAsync(Hooks(Set() with { FailsSnapshot = false }), agent, "snap-a");
        Assert.Equal((SnapshotConsistency.Crash, "freeze: no database"), (barrier.Consistency, barrier.HookFailure));
        Assert.Equal(["freeze", "thaw"], _runner.Ran);
    }

    [Fact]
    public async Task A_thaw_that_fails_is_told_with_the_snapshot()
    {
        await using var agent = Open(seed: 4);
        _runner.Failures["thaw"] = "stuck";
        var barrier = await TakeAsync(Hooks(Set()), agent, "snap-a");
        Assert.Equal((SnapshotConsistency.Application, "thaw: stuck"), (barrier.Consistency, barrier.HookFailure));
    }

    [Fact]
    public async Task Giving_up_while_freezing_thaws_as_well()
    {
        await using var agent = Open(seed: 5);
        _runner.Waits["freeze"] = new TaskCompletionSource().Task;
        using var stop = new CancellationTokenSource();
        var hooks = Hooks(Set());
        var taking = new SnapshotRound(hooks, NullLogger.Instance).TakeAsync(agent.Host, "snap-a", stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taking.OrHungAsync());
        Assert.Equal(_runner.Ran.Contains("freeze"), _runner.Ran.Contains("thaw"));
        // Nobody holds the hooks any more.
        _runner.Waits.Clear();
        await TakeAsync(hooks, agent, "snap-b").OrHungAsync();
    }

    [Fact]
    public async Task A_log_that_stopped_while_applications_were_frozen_thaws_them()
    {
        await using var agent = Open(seed: 6);
        var gate = new TaskCompletionSource();
        _runner.Waits["freeze"] = gate.Task;
        var taking = TakeAsync(Hooks(Set()), agent, "snap-a");
        for (var call = 1; call <= 1000; call++)
            agent.Disk.Inner.Plan.Errors[agent.Disk.Inner.Calls + call] = 5;
        gate.SetResult();
        var refused = await Assert.ThrowsAsync<TidegateException>(() => taking.OrHungAsync());
        Assert.Equal(ErrorCodes.InvalidState, refused.Code);
        Assert.Equal(["freeze", "thaw"], _runner.Ran);
    }

    [Fact]
    public async Task What_a_dead_agent_left_frozen_is_thawed_when_it_starts_again()
    {
        _runner.Waits["thaw"] = new TaskCompletionSource().Task;
        await using var agent = Open(seed: 7);
        var frozen = await Hooks(Set()).FreezeAsync("", [new HookVolume("vol-1", "data", "snap-a")], CancellationToken.None);
        Assert.Single(frozen.Sets);
        var survived = _notes.Restart(new SimulatedDiskPlan());
        _runner.Waits.Clear();
        await Hooks(Set(), survived).ThawLeftAsync();
        Assert.Equal(["freeze", "thaw"], _runner.Ran);
        Assert.Empty(survived.List());
        await Hooks(Set(), survived).ThawLeftAsync();
        Assert.Equal(2, _runner.Ran.Count);
    }

    [Fact]
    public async Task A_group_runs_the_agents_hooks_once_and_a_volumes_own_in_their_place()
    {
        var own = Set() with { Name = "mail", Freeze = ["freeze-mail"], Thaw = ["thaw-mail"], FailsSnapshot = false };
        _runner.Failures["freeze-mail"] = "no mail";
        var hooks = Hooks(Set(), _notes, own);
        HookVolume[] volumes = [new("vol-1", "data", "snap-1"), new("vol-2", "logs", "snap-2"), new("vol-3", "mail", "snap-3")];
        var frozen = await hooks.FreezeAsync("grp-1", volumes, CancellationToken.None);
        await frozen.ThawAsync();
        Assert.Equal(["freeze", "freeze-mail", "thaw", "thaw-mail"], _runner.Ran.Order());
        Assert.Equal("data\nlogs", _runner.Environments.First(told => told["TIDEGATE_VOLUMES"] != "mail")["TIDEGATE_VOLUMES"]);
        Assert.Equal((SnapshotConsistency.Application, ""), frozen.Of(volumes[1]));
        Assert.Equal((SnapshotConsistency.Crash, "freeze of 'mail': no mail"), frozen.Of(volumes[2]));
    }

    private SnapshotHooks Hooks(HookSet agent, LockedDisk? notes = null, params HookSet[] own) => new(
        new HookOptions(agent, own.ToDictionary(set => set.Name)), _runner, notes ?? _notes, NullLogger<SnapshotHooks>.Instance);

    private static HookSet Set() => new() { Name = "", Freeze = ["freeze"], Thaw = ["thaw"] };

    private static Task<SnapshotBarrier> TakeAsync(SnapshotHooks hooks, AgentVolume agent, string id) =>
        new SnapshotRound(hooks, NullLogger.Instance).TakeAsync(agent.Host, id, CancellationToken.None);

    private static AgentVolume Open(int seed) =>
        AgentVolume.Open(new ModelService("vol-00000000000000000021", 1 << 20, seed), LockedDisk.Seeded(seed));
}
