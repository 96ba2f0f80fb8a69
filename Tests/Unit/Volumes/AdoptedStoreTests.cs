using Tidegate.GatewayAgent.Devices;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Service;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Volumes;

/// <summary>A volume made of a store that was there before it, with data (mission 2, bootstrapping).</summary>
public sealed class AdoptedStoreTests
{
    private const string VolumeId = "vol-00000000000000000041";
    private const string Image = "image";
    private const long SizeBytes = 4 << 20;

    [Fact]
    public async Task An_image_with_data_is_served_at_once_and_reaches_the_service_in_one_publication()
    {
        var service = new ModelService(VolumeId, SizeBytes, seed: 1);
        var disk = WithImage(1, out var content);
        var writer = new BareDiskWriter(SizeBytes, seed: 1);
        writer.StartFrom(content);
        service.Faults.IsDown = true;
        await using (var agent = AgentVolume.Open(service, disk, adopts: Image))
        {
            Assert.Equal(content, await agent.ReadAsync());
            await writer.StepsAsync(agent.Device, 20);
            var status = agent.Status;
            Assert.Equal((VolumeRunState.Bootstrapping, 0, SizeBytes), (status.State, status.CopiedBytes, status.LeftBytes));
            service.Faults.IsDown = false;
            await BootstrapAsync(agent, service, writer);
        }
        Assert.False(disk.Exists(LoggedVolume.StoreFileName));
        Assert.All(service.Heads.TakeWhile(head => head.PublishedEpoch == 0), head => Assert.Equal(0, head.CommittedSequence));
        // It is a volume like any other then, and is not copied again.
        var fills = service.Head.FillsEver;
        await using var again = AgentVolume.Open(service, disk, adopts: Image);
        await writer.StepsAsync(again.Device, 5);
        await BootstrapAsync(again, service, writer);
        Assert.Equal(fills, service.Head.FillsEver);
    }

    [Fact]
    public async Task M2_8_A_snapshot_asked_for_meanwhile_waits_and_is_the_end_of_the_fill()
    {
        var service = new ModelService(VolumeId, SizeBytes, seed: 4);
        var disk = WithImage(4, out var content);
        var filling = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goesOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        service.BeforePut = key =>
        {
            filling.TrySetResult();
            return goesOn.Task;
        };
        await using var agent = AgentVolume.Open(service, disk, adopts: Image);
        await filling.Task.OrHungAsync();
        var asked = await agent.Host.TakeSnapshotAsync("snap-a", CancellationToken.None).OrHungAsync();
        Assert.True(asked.IsWaiting);
        // Written after it, and in it: its point is the end of the fill, not the request.
        byte[] later = [.. Enumerable.Repeat((byte)0x5a, 4096)];
        await agent.Device.WriteAsync(8192, later, fua: true, CancellationToken.None);
        Assert.Equal(VolumeRunState.Bootstrapping, agent.Status.State);
        Assert.Empty(service.Snapshots);
        goesOn.SetResult();
        do
            await agent.DrainAsync();
        while (agent.Status.State != VolumeRunState.Shadowing);
        later.CopyTo(content, 8192);
        Assert.Equal(content, await service.ReadAsync(service.Snapshots["snap-a"]));
        Assert.False((await agent.Host.TakeSnapshotAsync("snap-b", CancellationToken.None)).IsWaiting);
    }

    [Fact]
    public async Task A_crash_at_any_call_to_the_disk_loses_no_flushed_write_and_nothing_of_the_image()
    {
        for (var seed = 0; seed < 30; seed++)
        {
            var random = new Random(seed);
            var service = new ModelService(VolumeId, SizeBytes, seed);
            (service.Faults.ReplyLost, service.Faults.TransferReplyLost) = (0.1, 0.1);
            var disk = WithImage(seed, out var content);
            var writer = new BareDiskWriter(SizeBytes, seed);
            writer.StartFrom(content);
            for (var life = 0; life < 3; life++)
            {
                disk.Inner.Plan.CrashAtCall = disk.Inner.Calls + random.Next(1, life == 0 ? 30 : 200);
                AgentVolume? agent = null;
                try
                {
                    agent = AgentVolume.Open(service, disk, adopts: Image);
                    while (true)
                    {
                        await writer.StepAsync(agent.Device);
                        if (random.Next(5) == 0)
                            await writer.FlushAsync(agent.Device);
                    }
                }
                catch (Exception) when (disk.Inner.HasCrashed)
                {
                    // The planned end of this life.
                }
                disk = agent is null ? disk.Restart(new SimulatedDiskPlan()) : await agent.CrashAsync();
                await using var recovered = AgentVolume.Open(service, disk, adopts: Image);
                writer.Recover(await recovered.ReadAsync());
            }
            await using var last = AgentVolume.Open(service, disk, adopts: Image);
            await BootstrapAsync(last, service, writer);
        }
    }

    [Fact]
    public async Task A_store_of_another_size_is_refused_and_not_touched()
    {
        var service = new ModelService(VolumeId, SizeBytes + 4096, seed: 3);
        var disk = WithImage(3, out _);
        await using var agent = AgentVolume.Open(service, disk, adopts: Image);
        Assert.Equal(VolumeRunState.Failed, agent.Status.State);
        Assert.Contains($"is {SizeBytes} bytes, not {SizeBytes + 4096}", agent.Status.Reason, StringComparison.Ordinal);
        Assert.False(disk.Exists("log"));
    }

    private static LockedDisk WithImage(int seed, out byte[] content)
    {
        var disk = LockedDisk.Seeded(seed);
        content = new byte[SizeBytes];
        using var image = disk.Open(Image, SizeBytes);
        // Data, zeroes that were written, and holes.
        for (var at = 0; at < SizeBytes; at += 4096)
        {
            if (at % (1 << 20) >= 600 << 10)
                continue;
            var sector = content.AsSpan(at, 4096);
            if (at / 4096 % 7 != 3)
                System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(sector).Fill(1 + at / 4096);
            image.Write(at, sector);
        }
        image.SyncData();
        disk.SyncDirectory();
        return disk;
    }

    private static async Task BootstrapAsync(AgentVolume agent, ModelService service, BareDiskWriter writer)
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
    }
}
