using Tidegate.BlockStore.Heads;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Service;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Volumes;

/// <summary>Both ways out of a divergence (M2.7).</summary>
public sealed class DivergenceTests
{
    private const string VolumeId = "vol-00000000000000000051";
    private const string Kept = "snap-00000000000000000051";
    private const long SizeBytes = 2 << 20;

    [Fact]
    public async Task The_local_copy_goes_on_and_is_published_over_the_service_s()
    {
        var (service, disk, local) = await DivergedAsync(1);
        var before = service.Head;
        await using (var agent = AgentVolume.Open(service, disk))
        {
            Assert.Equal(VolumeRunState.Diverged, agent.Status.State);
            var end = await agent.Host.ResolveDivergenceAsync(Request(service, DivergenceChoice.Local));
            Assert.Empty(end.PutAside);
            await agent.Host.WaitCommittedAsync(CancellationToken.None).OrHungAsync();
        }
        await using var served = AgentVolume.Open(service, disk);
        await served.DrainAsync();
        Assert.Equal(VolumeRunState.Shadowing, served.Status.State);
        Assert.Equal(local, await served.ReadAsync());
        Assert.Equal(local, await service.ReadAsync(service.Head.ToImage()));
        Assert.True(service.Head.CommittedSequence > before.CommittedSequence && service.Head.PublishedEpoch > before.Epoch);
        await GoesOnAsync(service, served);
    }

    [Fact]
    public async Task The_service_s_copy_goes_on_and_the_local_one_is_put_aside()
    {
        var (service, disk, local) = await DivergedAsync(2);
        var remote = await service.ReadAsync(service.Head.ToImage());
        IReadOnlyList<string> aside;
        await using (var agent = AgentVolume.Open(service, disk))
            aside = (await agent.Host.ResolveDivergenceAsync(Request(service, DivergenceChoice.Service))).PutAside;
        Assert.Equal(2, aside.Count);
        using (var store = disk.Open(aside[0]))
            Assert.Equal(local.Length, store.SizeBytes);
        await using var served = AgentVolume.Open(service, disk);
        Assert.Equal(remote, await served.ReadAsync());
        await served.Host.WaitRestoredAsync(CancellationToken.None).OrHungAsync();
        Assert.Equal(VolumeRunState.Shadowing, served.Status.State);
        Assert.Equal(1, service.Head.Incarnation);
        await GoesOnAsync(service, served);
    }

    [Theory]
    [InlineData(DivergenceChoice.Local)]
    [InlineData(DivergenceChoice.Service)]
    public async Task A_crash_at_any_call_to_the_disk_carries_the_decision_out_afterwards_or_leaves_it_open(DivergenceChoice keep)
    {
        var wasOpen = 0;
        for (var call = 1; ; call++)
        {
            var (service, disk, local) = await DivergedAsync(call);
            var remote = await service.ReadAsync(service.Head.ToImage());
            await using (var calm = AgentVolume.Open(service, disk))
                Assert.Equal(VolumeRunState.Diverged, calm.Status.State);
            service.Faults.IsDown = true;
            var dying = AgentVolume.Open(service, disk);
            disk.Inner.Plan.CrashAtCall = disk.Inner.Calls + call;
            var died = false;
            try
            {
                await dying.Host.ResolveDivergenceAsync(Request(service, keep));
            }
            catch (Exception) when (disk.Inner.HasCrashed)
            {
                died = true;
            }
            disk = await dying.CrashAsync();
            service.Faults.IsDown = false;
            await using (var after = AgentVolume.Open(service, disk))
            {
                if (after.Status.State == VolumeRunState.Diverged)
                {
                    wasOpen++;
                    await after.Host.ResolveDivergenceAsync(Request(service, keep));
                }
            }
            await using var served = AgentVolume.Open(service, disk);
            await served.Host.WaitRestoredAsync(CancellationToken.None).OrHungAsync();
            await served.DrainAsync();
            Assert.Equal(keep == DivergenceChoice.Local ? local : remote, await served.ReadAsync());
            Assert.Equal(await served.ReadAsync(), await service.ReadAsync(service.Head.ToImage()));
            Assert.Equal(VolumeRunState.Shadowing, served.Status.State);
            if (!died)
                break;
        }
        Assert.True(wasOpen > 0);
    }

    [Fact]
    public async Task A_volume_that_is_not_diverged_has_nothing_to_choose()
    {
        var service = new ModelService(VolumeId, SizeBytes, seed: 4);
        await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(4));
        var refused = await Assert.ThrowsAsync<TidegateException>(() => agent.Host.ResolveDivergenceAsync(Request(service, DivergenceChoice.Service)));
        Assert.Equal(ErrorCodes.InvalidState, refused.Code);
    }

    /// <summary>A disk whose log forked from the volume, and what its hosts saw last.</summary>
    private static async Task<(ModelService Service, LockedDisk Disk, byte[] Local)> DivergedAsync(int seed)
    {
        var service = new ModelService(VolumeId, SizeBytes, seed);
        var writer = new SequentialWriter(SizeBytes, seed);
        var agent = AgentVolume.Open(service, LockedDisk.Seeded(seed));
        await writer.StepsAsync(agent.Device, 20);
        await agent.DrainAsync();
        await agent.DisposeAsync();
        var copied = agent.Disk.Restart(new SimulatedDiskPlan());
        var originalDisk = new LockedDisk(copied.Inner.Restart(new SimulatedDiskPlan()));
        var disk = new LockedDisk(copied.Inner.Restart(new SimulatedDiskPlan()));
        await using (var original = AgentVolume.Open(service, originalDisk))
        {
            await writer.StepsAsync(original.Device, 10);
            await original.DrainAsync();
        }
        service.Snapshots[Kept] = service.Head.ToImage();
        service.Faults.IsDown = true;
        byte[] local;
        await using (var copy = AgentVolume.Open(service, disk))
        {
            await new SequentialWriter(SizeBytes, seed + 1).StepsAsync(copy.Device, 7);
            await copy.Device.FlushAsync(CancellationToken.None);
            local = await copy.ReadAsync();
            var gone = new TaskCompletionSource();
            copy.Host.ExportChanged += () => gone.TrySetResult();
            service.Faults.IsDown = false;
            await gone.Task.OrHungAsync();
        }
        return (service, disk, local);
    }

    private static ResolveDivergenceRequest Request(ModelService service, DivergenceChoice keep) => new()
    {
        RequestId = "resolve-1",
        ValidFor = TimeSpan.FromMinutes(1),
        VolumeId = VolumeId,
        Keep = keep,
        Tip = TipOf(service.Head),
        SnapshotId = keep == DivergenceChoice.Service ? Kept : "",
    };

    private static VolumeTip TipOf(VolumeHead head) => new(head.CommittedSequence, head.CommittedLogEnd, head.TipDigest.ToArray(), head.Epoch);

    private static async Task GoesOnAsync(ModelService service, AgentVolume agent)
    {
        var writer = new SequentialWriter(SizeBytes, seed: 99);
        await writer.StepsAsync(agent.Device, 10);
        await agent.DrainAsync();
        Assert.Equal(await agent.ReadAsync(), await service.ReadAsync(service.Head.ToImage()));
    }
}
