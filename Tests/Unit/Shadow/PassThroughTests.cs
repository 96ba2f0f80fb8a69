using Tidegate.GatewayAgent.Shadow;
using Tidegate.GatewayAgent.Volumes;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Service;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Shadow;

/// <summary>Writing past a full log and catching up, against the real head machine (design of the states; I1, I3, I7, mission 2).</summary>
public sealed class PassThroughTests
{
    private const string VolumeId = "vol-00000000000000000031";
    private const long SizeBytes = 4 << 20;

    [Fact]
    public async Task Hosts_go_on_past_a_full_log_and_all_of_it_reaches_the_service_in_one_publication()
    {
        var service = new ModelService(VolumeId, SizeBytes, seed: 1);
        var writer = new BareDiskWriter(SizeBytes, seed: 1);
        await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(1), options: Options());
        await writer.StepsAsync(agent.Device, 20);
        await agent.DrainAsync();
        var before = await agent.ReadAsync();
        var (incarnation, head) = (service.Head.Incarnation, service.Heads.Count);

        service.Faults.IsDown = true;
        await PassAsync(agent, writer);
        await writer.StepsAsync(agent.Device, 50);
        await writer.FlushAsync(agent.Device);
        var status = agent.Status;
        Assert.Contains("full", status.Reason, StringComparison.Ordinal);
        Assert.NotNull(status.Since);
        Assert.True(status.LeftBytes > 0 && status.BacklogBytes == status.LeftBytes && status.RecoveryPointAgeSeconds > 0);
        writer.Check(await agent.ReadAsync());
        Assert.Equal(before, await service.ReadAsync(service.Head.ToImage()));

        service.Faults.IsDown = false;
        await CatchUpAsync(agent, service, writer);
        Assert.True(service.Head.FillsEver > 0);
        Assert.True(service.Head.Incarnation > incarnation);
        // Until the publication the service had the image from before, and nothing in between.
        foreach (var later in service.Heads.Skip(head).TakeWhile(later => later.PublishedEpoch == service.Heads[head - 1].PublishedEpoch))
            Assert.Equal(before, await service.ReadAsync(later.ToImage()));
        status = agent.Status;
        Assert.Equal((VolumeRunState.Shadowing, 0, 0), (status.State, status.LeftBytes, status.BacklogBytes));
    }

    [Fact]
    public async Task Only_what_was_dirty_is_copied()
    {
        var service = new ModelService(VolumeId, SizeBytes, seed: 2);
        var options = Options();
        options.LogCapacityBytes = 256 << 10;
        await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(2), options: options);
        var random = new Random(2);
        var noise = new byte[SizeBytes];
        random.NextBytes(noise);
        for (var at = 0; at < SizeBytes; at += 64 << 10)
            await agent.Device.WriteAsync(at, noise.AsMemory(at, 64 << 10), fua: false, CancellationToken.None);
        await agent.DrainAsync();
        var fills = service.Head.FillsEver;
        service.Faults.IsDown = true;
        for (var i = 0; agent.Status.State != VolumeRunState.PassThrough; i++)
            await agent.Device.WriteAsync(i % 8 * 8192, noise.AsMemory(random.Next(64) * 512, 8192), fua: false, CancellationToken.None).AsTask().OrHungAsync();
        Assert.Equal(64 << 10, agent.Status.LeftBytes);
        await agent.Device.WriteAsync(SizeBytes - 4096, new byte[4096], fua: true, CancellationToken.None);
        Assert.Equal(128 << 10, agent.Status.LeftBytes);
        service.Faults.IsDown = false;
        await agent.DrainAsync();
        Assert.Equal(VolumeRunState.Shadowing, agent.Status.State);
        Assert.True(service.Head.FillsEver > fills);
        Assert.Equal(await agent.ReadAsync(), await service.ReadAsync(service.Head.ToImage()));
    }

    [Theory]
    [InlineData(0, false, 1000, null)]
    [InlineData(61, true, 9, null)]
    [InlineData(61, false, 10, "full")]
    [InlineData(58, true, 10, "full")]
    [InlineData(50, true, 3600, null)]
    [InlineData(50, false, 90_000, "Nothing has reached the service for 25 h")]
    public void A_log_is_passed_when_it_is_full_or_has_waited_too_long_and_nothing_moves(int waitingMiB, bool isRoomWanted, int stalledSeconds, string? reason)
    {
        var said = PassThroughRule.Reason(new ShadowOptions(), 64 << 20, (long)waitingMiB << 20, isRoomWanted, TimeSpan.FromSeconds(stalledSeconds));
        if (reason is null)
            Assert.Null(said);
        else
            Assert.Contains(reason, said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Falling_back_while_catching_up_loses_nothing_and_does_not_go_to_and_fro()
    {
        for (var seed = 0; seed < 6; seed++)
        {
            var service = new ModelService(VolumeId, SizeBytes, seed);
            var writer = new BareDiskWriter(SizeBytes, seed);
            await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(seed), options: Options());
            service.Faults.IsDown = true;
            await PassAsync(agent, writer);
            await writer.StepsAsync(agent.Device, 10);
            // The uplink goes away again once something is staged.
            var gone = new TaskCompletionSource();
            var puts = 0;
            service.BeforePut = _ =>
            {
                if (Interlocked.Increment(ref puts) == 2)
                {
                    service.Faults.IsDown = true;
                    gone.TrySetResult();
                }
                return Task.CompletedTask;
            };
            service.Faults.IsDown = false;
            while (!gone.Task.IsCompleted)
                await writer.StepAsync(agent.Device);
            await PassAsync(agent, writer);
            await writer.StepsAsync(agent.Device, 10);
            service.BeforePut = null;
            service.Faults.IsDown = false;
            await CatchUpAsync(agent, service, writer);
        }
    }

    [Fact]
    public async Task A_crash_at_any_call_to_the_disk_in_any_state_loses_no_flushed_write_and_hides_no_dirty_block()
    {
        var states = new HashSet<VolumeRunState>();
        for (var seed = 0; seed < 36; seed++)
        {
            var random = new Random(seed);
            var service = new ModelService(VolumeId, SizeBytes, seed);
            (service.Faults.ReplyLost, service.Faults.TransferReplyLost) = (0.1, 0.1);
            var writer = new BareDiskWriter(SizeBytes, seed);
            var disk = LockedDisk.Seeded(seed);
            for (var life = 0; life < 4; life++)
            {
                service.Faults.IsDown = random.Next(2) == 0;
                disk.Inner.Plan.CrashAtCall = disk.Inner.Calls + random.Next(5, 800);
                AgentVolume? agent = null;
                try
                {
                    agent = AgentVolume.Open(service, disk, options: Options());
                    writer.Recover(await agent.ReadAsync());
                    while (true)
                    {
                        await writer.StepAsync(agent.Device);
                        states.Add(agent.Status.State);
                        if (random.Next(6) == 0)
                            await writer.FlushAsync(agent.Device);
                        if (random.Next(60) == 0)
                            service.Faults.IsDown = !service.Faults.IsDown;
                    }
                }
                catch (Exception) when (disk.Inner.HasCrashed)
                {
                    // The planned end of this life.
                }
                disk = agent is null ? disk.Restart(new SimulatedDiskPlan()) : await agent.CrashAsync();
            }
            service.Faults.IsDown = false;
            await using var last = AgentVolume.Open(service, disk, options: Options());
            writer.Recover(await last.ReadAsync());
            await CatchUpAsync(last, service, writer);
        }
        Assert.Contains(VolumeRunState.PassThrough, states);
        Assert.Contains(VolumeRunState.CatchingUp, states);
        Assert.Contains(VolumeRunState.Shadowing, states);
    }

    private static VolumeOptions Options()
    {
        var options = AgentVolume.Options();
        options.LogCapacityBytes = 512 << 10;
        options.Shadow.PassAfterStall = TimeSpan.FromMilliseconds(40);
        options.Shadow.FirstCatchUpDelay = TimeSpan.FromMilliseconds(1);
        options.Shadow.LongestCatchUpDelay = TimeSpan.FromMilliseconds(20);
        return options;
    }

    private static async Task PassAsync(AgentVolume agent, BareDiskWriter writer)
    {
        while (agent.Status.State != VolumeRunState.PassThrough)
            await writer.StepAsync(agent.Device).OrHungAsync();
    }

    /// <summary>Until the service's image is the volume, with a host that goes on meanwhile.</summary>
    private static async Task CatchUpAsync(AgentVolume agent, ModelService service, BareDiskWriter writer)
    {
        do
        {
            await writer.StepAsync(agent.Device).OrHungAsync();
            await agent.DrainAsync();
        }
        while (agent.Status.State != VolumeRunState.Shadowing);
        var local = await agent.ReadAsync();
        writer.Check(local);
        Assert.Equal(local, await service.ReadAsync(service.Head.ToImage()));
        Assert.Null(service.Head.Staging);
    }
}
