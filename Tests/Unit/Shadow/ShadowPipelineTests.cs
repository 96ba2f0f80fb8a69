using Tidegate.GatewayAgent.Devices;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Service;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Shadow;

/// <summary>Draining a write log against the real head machine, with everything going wrong that may (I3, I7, I8, M2.7).</summary>
public sealed class ShadowPipelineTests
{
    private const string VolumeId = "vol-00000000000000000001";
    private const long SizeBytes = 2 << 20;

    [Fact]
    public async Task What_is_written_reaches_the_service_and_an_idle_volume_sends_nothing()
    {
        var service = new ModelService(VolumeId, SizeBytes, seed: 1);
        var writer = new SequentialWriter(SizeBytes, seed: 1);
        await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(1));
        await writer.StepsAsync(agent.Device, 200);
        await agent.DrainAsync();
        Assert.Equal(await agent.ReadAsync(), await service.ReadAsync(service.Head.ToImage()));
        var (blobs, heads) = (service.Store.Keys.Count, service.Heads.Count);
        // Seal notes are in the log now; flushing them must not count as change.
        await agent.DrainAsync();
        await agent.Host.WaitCommittedAsync(CancellationToken.None);
        Assert.Equal((blobs, heads), (service.Store.Keys.Count, service.Heads.Count));
        Assert.Equal(0, agent.Status.BacklogBytes);
        Assert.Equal(0, agent.Status.RecoveryPointAgeSeconds);
        Assert.Equal(VolumeRunState.Shadowing, agent.Status.State);
    }

    [Fact]
    public async Task Whatever_is_lost_on_the_way_every_head_is_a_prefix_of_the_write_order()
    {
        for (var seed = 0; seed < 12; seed++)
        {
            var service = new ModelService(VolumeId, SizeBytes, seed);
            var random = new Random(seed);
            (service.Faults.CallLost, service.Faults.ReplyLost) = (random.NextDouble() * 0.4, random.NextDouble() * 0.4);
            (service.Faults.TransferLost, service.Faults.TransferReplyLost) = (random.NextDouble() * 0.4, random.NextDouble() * 0.4);
            service.Faults.TicketTooOld = random.NextDouble() * 0.2;
            var writer = new SequentialWriter(SizeBytes, seed);
            await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(seed));
            await writer.StepsAsync(agent.Device, 150);
            await agent.DrainAsync();
            await AssertHistoryAsync(service, writer);
            Assert.Equal(await agent.ReadAsync(), await service.ReadAsync(service.Head.ToImage()));
        }
    }

    [Fact]
    public async Task A_crash_at_any_call_to_the_disk_loses_no_flushed_write_and_never_forks_the_volume()
    {
        for (var seed = 0; seed < 25; seed++)
        {
            var random = new Random(seed);
            var service = new ModelService(VolumeId, SizeBytes, seed);
            (service.Faults.ReplyLost, service.Faults.TransferReplyLost) = (0.2, 0.2);
            var writer = new SequentialWriter(SizeBytes, seed);
            var disk = LockedDisk.Seeded(seed);
            for (var life = 0; life < 4; life++)
            {
                (disk, var flushed) = await CrashingLife.RunAsync(service, disk, writer, random, random.Next(5, 250), flushEvery: 4);
                await using var recovered = AgentVolume.Open(service, disk);
                writer.Recover(await recovered.ReadAsync(), flushed);
                await AssertHistoryAsync(service, writer);
            }
            await using var last = AgentVolume.Open(service, disk);
            await writer.StepsAsync(last.Device, 5);
            await last.DrainAsync();
            Assert.Equal(await last.ReadAsync(), await service.ReadAsync(service.Head.ToImage()));
            Assert.Equal(VolumeRunState.Shadowing, last.Status.State);
        }
    }

    [Fact]
    public async Task A_service_that_went_back_in_time_for_good_gets_the_whole_store_again_while_hosts_write()
    {
        for (var seed = 0; seed < 4; seed++)
        {
            var service = new ModelService(VolumeId, SizeBytes, seed);
            (service.Faults.CallLost, service.Faults.ReplyLost, service.Faults.TransferReplyLost) = (seed * 0.05, seed * 0.05, seed * 0.05);
            var writer = new SequentialWriter(SizeBytes, seed);
            var disk = LockedDisk.Seeded(seed);
            await using (var agent = AgentVolume.Open(service, disk))
            {
                await writer.StepsAsync(agent.Device, 60);
                await agent.DrainAsync();
            }
            var old = service.Heads[service.Heads.Count / 3];
            var lost = service.Head.CommittedSequence - old.CommittedSequence;
            Assert.True(lost > 0);
            service.GoBackTo(old);

            await using var again = AgentVolume.Open(service, disk);
            await writer.StepsAsync(again.Device, 40);
            await again.DrainAsync();
            while (service.Head.FillsEver == 0 || again.Status.State == VolumeRunState.CatchingUp)
            {
                await writer.StepsAsync(again.Device, 1);
                await again.DrainAsync();
            }
            Assert.True(service.Head.Incarnation > old.Incarnation);
            Assert.Equal(await again.ReadAsync(), await service.ReadAsync(service.Head.ToImage()));
            await writer.StepsAsync(again.Device, 20);
            await again.DrainAsync();
            Assert.Equal(await again.ReadAsync(), await service.ReadAsync(service.Head.ToImage()));
            Assert.Equal(VolumeRunState.Shadowing, again.Status.State);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_store_that_somebody_changed_while_its_agent_was_stopped_is_brought_over_once(bool diesBeforeTheServiceHears)
    {
        var service = new ModelService(VolumeId, SizeBytes, seed: 9);
        var writer = new SequentialWriter(SizeBytes, seed: 9);
        var disk = LockedDisk.Seeded(9);
        await using (var agent = AgentVolume.Open(service, disk))
        {
            await writer.StepsAsync(agent.Device, 60);
            await agent.DrainAsync();
        }
        // A stop in order alone is no change.
        await using (var agent = AgentVolume.Open(service, disk)) await agent.DrainAsync();
        Assert.Equal(1, service.Head.Incarnation);

        var changed = Enumerable.Repeat((byte)0xa7, 4096).ToArray();
        using (var store = disk.Open(LoggedVolume.StoreFileName))
        {
            store.Write(40_960, changed);
            store.SyncData();
        }
        if (diesBeforeTheServiceHears)
        {
            service.Faults.IsDown = true;
            var dying = AgentVolume.Open(service, disk);
            disk = disk.Restart(new SimulatedDiskPlan());
            await dying.DisposeAsync();
            service.Faults.IsDown = false;
        }
        await using (var again = AgentVolume.Open(service, disk))
        {
            while (service.Head.FillsEver == 0 || again.Status.State == VolumeRunState.CatchingUp)
            {
                await writer.StepsAsync(again.Device, 1);
                await again.DrainAsync();
            }
            Assert.Equal(2, service.Head.Incarnation);
            Assert.Equal(await again.ReadAsync(), await service.ReadAsync(service.Head.ToImage()));
        }
        // And is forgotten then.
        await using var last = AgentVolume.Open(service, disk);
        await writer.StepsAsync(last.Device, 5);
        await last.DrainAsync();
        Assert.Equal(2, service.Head.Incarnation);
        Assert.Null(service.Head.Staging);
        Assert.Equal(await last.ReadAsync(), await service.ReadAsync(service.Head.ToImage()));
    }

    [Fact]
    public async Task Segments_upload_at_once_and_out_of_order_but_only_the_contiguous_prefix_commits()
    {
        var service = new ModelService(VolumeId, SizeBytes, seed: 3);
        var (first, rest) = (new TaskCompletionSource(), new TaskCompletionSource());
        var (fourth, twelfth) = (new TaskCompletionSource(), new TaskCompletionSource());
        var started = 0;
        service.BeforePut = key =>
        {
            var number = Interlocked.Increment(ref started);
            if (number == 4) fourth.SetResult();
            if (number == 12) twelfth.SetResult();
            return key.Contains("/0000000000000001-", StringComparison.Ordinal) ? first.Task : rest.Task;
        };
        var writer = new SequentialWriter(SizeBytes, seed: 3);
        await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(3));
        await writer.StepsAsync(agent.Device, 400);
        await agent.Device.FlushAsync(CancellationToken.None);
        await fourth.Task.OrHungAsync();
        // Four hold their bytes, which is the limit.
        Assert.Equal(4, Volatile.Read(ref started));
        rest.SetResult();
        await twelfth.Task.OrHungAsync();
        // The others are stored and wait, up to another limit, while the first holds the prefix.
        Assert.Equal(12, Volatile.Read(ref started));
        Assert.Equal(0, service.Head.CommittedSequence);
        Assert.True(agent.Status.BacklogBytes > 0);
        first.SetResult();
        await agent.DrainAsync();
        await AssertHistoryAsync(service, writer);
    }

    [Fact]
    public async Task A_volume_is_served_without_a_link_and_catches_up_when_it_comes()
    {
        var service = new ModelService(VolumeId, SizeBytes, seed: 4);
        service.Faults.IsDown = true;
        var writer = new SequentialWriter(SizeBytes, seed: 4);
        await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(4));
        await writer.StepsAsync(agent.Device, 60);
        await agent.Device.FlushAsync(CancellationToken.None);
        Assert.True(agent.Status.BacklogBytes > 0);
        Assert.Empty(service.Store.Keys);
        service.Faults.IsDown = false;
        await agent.DrainAsync();
        Assert.Equal(await agent.ReadAsync(), await service.ReadAsync(service.Head.ToImage()));
    }

    [Fact]
    public async Task Of_two_agents_with_one_log_the_second_to_write_is_told_that_it_diverged_and_mixes_nothing()
    {
        var service = new ModelService(VolumeId, SizeBytes, seed: 5);
        var writer = new SequentialWriter(SizeBytes, seed: 5);
        var agent = AgentVolume.Open(service, LockedDisk.Seeded(5));
        await writer.StepsAsync(agent.Device, 40);
        await agent.DrainAsync();
        await agent.DisposeAsync();
        // The same disk twice: a copied machine.
        var copyDisk = agent.Disk.Restart(new SimulatedDiskPlan());
        var originalDisk = new LockedDisk(copyDisk.Inner.Restart(new SimulatedDiskPlan()));
        copyDisk = new LockedDisk(copyDisk.Inner.Restart(new SimulatedDiskPlan()));

        await using var original = AgentVolume.Open(service, originalDisk);
        await writer.StepsAsync(original.Device, 10);
        await original.DrainAsync();
        var tip = service.Head.TipDigest;

        service.Faults.IsDown = true;
        await using var copy = AgentVolume.Open(service, copyDisk);
        await new SequentialWriter(SizeBytes, seed: 6).StepAsync(copy.Device);
        await copy.Device.FlushAsync(CancellationToken.None);
        var gone = new TaskCompletionSource();
        copy.Host.ExportChanged += () => gone.TrySetResult();
        service.Faults.IsDown = false;
        await gone.Task.OrHungAsync();

        Assert.Equal(VolumeRunState.Diverged, copy.Status.State);
        Assert.Contains("not the volume's", copy.Status.Reason, StringComparison.Ordinal);
        Assert.Null(copy.Host.Export);
        Assert.Equal(tip, service.Head.TipDigest);
        Assert.Equal(await original.ReadAsync(), await service.ReadAsync(service.Head.ToImage()));
        // It stays so after a restart, with nothing served in between.
        await using var again = AgentVolume.Open(service, copyDisk);
        Assert.Equal(VolumeRunState.Diverged, again.Status.State);
        Assert.Null(again.Host.Export);
    }

    [Fact]
    public async Task An_agent_whose_epoch_was_taken_attaches_again_and_goes_on_with_new_keys()
    {
        var service = new ModelService(VolumeId, SizeBytes, seed: 7);
        var writer = new SequentialWriter(SizeBytes, seed: 7);
        await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(7));
        await writer.StepsAsync(agent.Device, 20);
        await agent.DrainAsync();
        var epoch = service.Head.Epoch;
        // Somebody else attaches where the volume stands, as a second process on a moved disk would, and goes away.
        var head = service.Head;
        await service.Connect().AttachAsync(
            new(epoch, head.CommittedSequence, head.TipDigest.ToArray(), head.CommittedLogEnd, SizeBytes, []), CancellationToken.None);
        await writer.StepsAsync(agent.Device, 60);
        await agent.DrainAsync();
        Assert.True(service.Head.Epoch > epoch + 1);
        await AssertHistoryAsync(service, writer);
        Assert.Equal(await agent.ReadAsync(), await service.ReadAsync(service.Head.ToImage()));
        Assert.All(service.Named.GroupBy(segment => segment.BlobKey), same => Assert.Single(same.Select(segment => Convert.ToHexString(segment.Digest)).Distinct()));
    }

    /// <summary>I3: every head that was ever saved is the volume after some number of operations, and they go forward.</summary>
    private static async Task AssertHistoryAsync(ModelService service, SequentialWriter writer)
    {
        var last = 0;
        foreach (var head in service.Heads)
        {
            var prefixes = writer.PrefixesOf(await service.ReadAsync(head.ToImage()));
            Assert.Contains(prefixes, count => count >= last);
            last = prefixes.First(count => count >= last);
        }
    }
}
