using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.GatewayAgent.Hooks;
using Tidegate.GatewayAgent.Snapshots;
using Tidegate.GatewayAgent.Volumes;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Service;
using Tidegate.Tests.Kit.Time;
using Tidegate.Tests.Unit.Agent.Hooks;
using Xunit;

namespace Tidegate.Tests.Unit.Volumes;

/// <summary>Snapshots asked for while writes go past the log, or what they changed is brought over (M2.6, M2.8): they wait for the publication.</summary>
public sealed class WaitingSnapshotTests
{
    private const string VolumeId = "vol-00000000000000000041";
    private const long SizeBytes = 1 << 20;

    [Fact]
    public async Task Asked_for_past_the_log_it_waits_and_becomes_the_end_of_the_publication()
    {
        var service = new ModelService(VolumeId, SizeBytes, seed: 1);
        await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(1), options: Options());
        await PassAsync(agent, service);
        await agent.Device.WriteAsync(4096, Sector(7), fua: true, CancellationToken.None);
        var runner = new FakeHookRunner();
        var set = new HookSet { Name = "", Freeze = ["freeze"], Thaw = ["thaw"] };
        var hooks = new SnapshotHooks(new HookOptions(set, new Dictionary<string, HookSet>()), runner, null, NullLogger<SnapshotHooks>.Instance);
        var barrier = await new SnapshotRound(hooks, NullLogger.Instance).TakeAsync(agent.Host, "snap-a", CancellationToken.None);
        Assert.True(barrier.IsWaiting && barrier.LogPosition > 0);
        // Its point is later: nobody is frozen for it.
        Assert.Equal(SnapshotConsistency.Crash, barrier.Consistency);
        Assert.Empty(runner.Ran);
        Assert.Equal(barrier, await agent.Host.TakeSnapshotAsync("snap-a", CancellationToken.None));
        await agent.Device.WriteAsync(8192, Sector(8), fua: true, CancellationToken.None);
        Assert.Empty(service.Snapshots);

        await ShadowAgainAsync(agent, service);
        var image = await service.ReadAsync(service.Snapshots["snap-a"]);
        Assert.Equal(await agent.ReadAsync(), image);
        Assert.Equal((7, 8), (image[4096], image[8192]));
        Assert.False((await agent.Host.TakeSnapshotAsync("snap-b", CancellationToken.None)).IsWaiting);
    }

    [Fact]
    public async Task One_that_waits_outlives_a_crash_and_keeps_its_place()
    {
        var service = new ModelService(VolumeId, SizeBytes, seed: 2);
        var agent = AgentVolume.Open(service, LockedDisk.Seeded(2), options: Options());
        await PassAsync(agent, service);
        var barrier = await agent.Host.TakeSnapshotAsync("snap-a", CancellationToken.None);
        await agent.Device.WriteAsync(4096, Sector(9), fua: true, CancellationToken.None);
        var disk = await agent.CrashAsync();
        await using var again = AgentVolume.Open(service, disk, options: Options());
        Assert.Equal((barrier.LogPosition, true), (await again.Host.TakeSnapshotAsync("snap-a", CancellationToken.None) is var known ? (known.LogPosition, known.IsWaiting) : default));
        await ShadowAgainAsync(again, service);
        Assert.Equal(await again.ReadAsync(), await service.ReadAsync(service.Snapshots["snap-a"]));
    }

    [Fact]
    public async Task A_group_with_a_volume_past_its_log_waits_as_a_whole_and_takes_a_common_point_afterwards()
    {
        var (service, other) = (new ModelService(VolumeId, SizeBytes, seed: 3), new ModelService("vol-00000000000000000042", SizeBytes, seed: 4));
        await using var past = AgentVolume.Open(service, LockedDisk.Seeded(3), options: Options());
        await using var shadowed = AgentVolume.Open(other, LockedDisk.Seeded(4), options: Options());
        await PassAsync(past, service);
        var rounds = new SnapshotRound(new SnapshotHooks(HookOptions.None, new FakeHookRunner(), null, NullLogger<SnapshotHooks>.Instance), NullLogger.Instance);
        Task<GroupBarriers> TakeAsync() => rounds.TakeAsync("grp-1", [(past.Host, "snap-1"), (shadowed.Host, "snap-2")], CancellationToken.None);
        var waiting = await TakeAsync();
        Assert.Empty(waiting.Barriers);
        Assert.Contains("PassThrough", waiting.WaitingFor, StringComparison.Ordinal);
        await shadowed.DrainAsync();
        Assert.Empty(other.Snapshots);

        await ShadowAgainAsync(past, service);
        var taken = await TakeAsync();
        Assert.Equal(("", 2), (taken.WaitingFor, taken.Barriers.Count));
        Assert.All(taken.Barriers, barrier => Assert.False(barrier.IsWaiting));
        await past.DrainAsync();
        await shadowed.DrainAsync();
        Assert.Equal(await past.ReadAsync(), await service.ReadAsync(service.Snapshots["snap-1"]));
        Assert.Single(other.Snapshots);
    }

    private static VolumeOptions Options()
    {
        var options = AgentVolume.Options();
        options.LogCapacityBytes = 256 << 10;
        options.Shadow.SegmentBytes = 32 << 10;
        options.Shadow.PassAfterStall = TimeSpan.FromMilliseconds(40);
        options.Shadow.FirstCatchUpDelay = TimeSpan.FromMilliseconds(1);
        options.Shadow.LongestCatchUpDelay = TimeSpan.FromMilliseconds(20);
        return options;
    }

    private static byte[] Sector(byte value) => [.. Enumerable.Repeat(value, 4096)];

    private static async Task PassAsync(AgentVolume agent, ModelService service)
    {
        service.Faults.IsDown = true;
        for (var i = 0; agent.Status.State != VolumeRunState.PassThrough; i++)
            await agent.Device.WriteAsync(65536 + (i % 64 * 4096), Sector((byte)i), fua: false, CancellationToken.None).AsTask().OrHungAsync();
    }

    private static async Task ShadowAgainAsync(AgentVolume agent, ModelService service)
    {
        service.Faults.IsDown = false;
        do
            await agent.DrainAsync();
        while (agent.Status.State != VolumeRunState.Shadowing);
    }
}
