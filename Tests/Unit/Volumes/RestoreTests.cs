using System.Security.Cryptography;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Segments;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Uplink;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Service;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Volumes;

/// <summary>Restoring a snapshot to a new volume while it is served (M2.9, I6, I13).</summary>
public sealed class RestoreTests
{
    private const string SnapshotId = "snap-source";
    private const long SizeBytes = (4 << 20) + 12288;

    [Fact]
    public async Task A_restored_volume_equals_its_snapshot_by_full_hash()
    {
        var (origin, image) = await OriginAsync(seed: 1);
        var service = origin.Clone("vol-00000000000000000012", SnapshotId, seed: 2);
        (service.Faults.CallLost, service.Faults.TransferLost) = (0.2, 0.2);
        await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(2), SnapshotId);
        Assert.Equal(SHA256.HashData(image), SHA256.HashData(await agent.ReadAsync()));
        await RestoredAsync(agent);
        Assert.Equal(SHA256.HashData(image), SHA256.HashData(await agent.ReadAsync()));
        Assert.Equal(SizeBytes, agent.Status.HydratedBytes);
        // Complete means complete: with the service gone a restart still has every byte.
        await agent.DisposeAsync();
        service.Faults.IsDown = true;
        await using var again = AgentVolume.Open(service, agent.Disk, SnapshotId);
        Assert.Equal(SHA256.HashData(image), SHA256.HashData(await again.ReadAsync()));
        Assert.Equal(VolumeRunState.Shadowing, again.Status.State);
    }

    /// <summary>M1.10: a limit on downloads holds the background alone.</summary>
    [Fact]
    public async Task What_a_host_reads_is_fetched_though_downloads_are_paused()
    {
        var (origin, image) = await OriginAsync(seed: 3);
        var service = origin.Clone("vol-00000000000000000015", SnapshotId, seed: 3);
        await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(3), SnapshotId, uplink: new UplinkOptions(DownloadBytesPerSecond: 0));
        var half = new byte[SizeBytes / 2];
        await agent.Device.ReadAsync(0, half, CancellationToken.None).AsTask().OrHungAsync();
        Assert.Equal(image[..half.Length], half);
        Assert.Equal(VolumeRunState.Restoring, agent.Status.State);
        Assert.Equal(image, await agent.ReadAsync());
    }

    [Fact]
    public async Task Writes_during_the_restore_are_kept_and_shadowed_on_top_of_the_snapshot()
    {
        for (var seed = 10; seed < 16; seed++)
        {
            var (origin, image) = await OriginAsync(seed);
            var service = origin.Clone("vol-00000000000000000013", SnapshotId, seed);
            service.Faults.TransferLost = 0.1;
            var writer = new SequentialWriter(SizeBytes, seed);
            writer.StartFrom(image);
            await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(seed), SnapshotId);
            await writer.StepsAsync(agent.Device, 80);
            await RestoredAsync(agent);
            await agent.DrainAsync();
            Assert.Contains(writer.Issued, writer.PrefixesOf(await agent.ReadAsync()));
            Assert.Equal(await agent.ReadAsync(), await service.ReadAsync(service.Head.ToImage()));
        }
    }

    [Fact]
    public async Task A_restore_that_crashes_at_any_call_to_the_disk_goes_on_and_loses_no_flushed_write()
    {
        for (var seed = 100; seed < 120; seed++)
        {
            var random = new Random(seed);
            var (origin, image) = await OriginAsync(seed);
            var service = origin.Clone("vol-00000000000000000014", SnapshotId, seed);
            var writer = new SequentialWriter(SizeBytes, seed);
            writer.StartFrom(image);
            var disk = LockedDisk.Seeded(seed);
            for (var life = 0; life < 3; life++)
            {
                (disk, var flushed) = await CrashingLife.RunAsync(service, disk, writer, random, random.Next(1, 160), flushEvery: 3, SnapshotId);
                await using var recovered = AgentVolume.Open(service, disk, SnapshotId);
                writer.Recover(await recovered.ReadAsync(), flushed);
            }
            await using var last = AgentVolume.Open(service, disk, SnapshotId);
            await RestoredAsync(last);
            Assert.Contains(writer.Issued, writer.PrefixesOf(await last.ReadAsync()));
            await last.DrainAsync();
            Assert.Equal(await last.ReadAsync(), await service.ReadAsync(service.Head.ToImage()));
        }
    }

    [Fact]
    public async Task A_volume_whose_map_is_lost_says_so_and_does_not_go_back_to_its_snapshot()
    {
        var (origin, image) = await OriginAsync(seed: 60);
        var service = origin.Clone("vol-00000000000000000018", SnapshotId, seed: 60);
        var disk = LockedDisk.Seeded(60);
        await using (var agent = AgentVolume.Open(service, disk, SnapshotId))
        {
            await RestoredAsync(agent);
            await agent.Device.WriteAsync(8192, new byte[4096], fua: true, CancellationToken.None);
            await agent.DrainAsync();
        }
        disk.Delete("presence");
        await using var again = AgentVolume.Open(service, disk, SnapshotId);
        Assert.Equal(VolumeRunState.Failed, again.Status.State);
        Assert.Contains("presence map", again.Status.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_host_touches_first_is_fetched_first()
    {
        var (origin, image) = await OriginAsync(seed: 30);
        var service = origin.Clone("vol-00000000000000000015", SnapshotId, seed: 30);
        var options = AgentVolume.Options();
        options.Hydration.Workers = 1;
        // The background's first read of data hangs; a host's read must not queue behind it.
        var hang = new TaskCompletionSource();
        var started = new TaskCompletionSource();
        var reads = 0;
        service.BeforeGet = _ =>
        {
            if (Interlocked.Increment(ref reads) != 60)
                return Task.CompletedTask;
            started.TrySetResult();
            return hang.Task;
        };
        await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(30), SnapshotId, options);
        var sector = new byte[4096];
        await agent.Device.ReadAsync(SizeBytes - 4096, sector, CancellationToken.None).AsTask().OrHungAsync();
        Assert.Equal(image[^4096..], sector);
        hang.SetResult();
        await RestoredAsync(agent);
    }

    [Fact]
    public async Task A_snapshot_taken_while_the_volume_is_restored_is_its_source_and_what_was_written_since()
    {
        var (origin, image) = await OriginAsync(seed: 70);
        var service = origin.Clone("vol-00000000000000000019", SnapshotId, seed: 70);
        var options = AgentVolume.Options();
        options.Hydration.Workers = 1;
        var hang = new TaskCompletionSource();
        var reads = 0;
        service.BeforeGet = _ => Interlocked.Increment(ref reads) == 60 ? hang.Task : Task.CompletedTask;
        var writer = new SequentialWriter(SizeBytes, seed: 70);
        writer.StartFrom(image);
        await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(70), SnapshotId, options);
        await writer.StepsAsync(agent.Device, 20);
        Assert.Equal(VolumeRunState.Restoring, agent.Status.State);
        var barrier = await agent.Host.TakeSnapshotAsync("snap-meanwhile", CancellationToken.None);
        Assert.False(barrier.IsWaiting);
        var before = writer.Issued;
        await writer.StepsAsync(agent.Device, 20);
        // It is complete before the restore is.
        await agent.DrainAsync();
        Assert.Equal(VolumeRunState.Restoring, agent.Status.State);
        Assert.Contains(before, writer.PrefixesOf(await service.ReadAsync(service.Snapshots["snap-meanwhile"])));
        hang.SetResult();
        await RestoredAsync(agent);
        Assert.Contains(writer.Issued, writer.PrefixesOf(await agent.ReadAsync()));
    }

    [Fact]
    public async Task A_fetch_that_hangs_keeps_no_other_waiting()
    {
        var (origin, image) = await OriginAsync(seed: 80);
        var service = origin.Clone("vol-0000000000000000001a", SnapshotId, seed: 80);
        var (hang, goneOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        var reads = 0;
        service.BeforeGet = _ =>
        {
            switch (Interlocked.Increment(ref reads))
            {
                case 60: return hang.Task;
                case 75: goneOn.TrySetResult(); break;
            }
            return Task.CompletedTask;
        };
        await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(80), SnapshotId);
        await goneOn.Task.OrHungAsync();
        Assert.False(hang.Task.IsCompleted);
        hang.SetResult();
        await RestoredAsync(agent);
        Assert.Equal(image, await agent.ReadAsync());
    }

    [Fact]
    public async Task Without_a_link_absent_bytes_are_an_error_in_time_and_everything_else_works()
    {
        var (origin, _) = await OriginAsync(seed: 40);
        var service = origin.Clone("vol-00000000000000000016", SnapshotId, seed: 40);
        service.Faults.IsDown = true;
        var options = AgentVolume.Options();
        options.Hydration.FirstTouchTimeout = TimeSpan.FromMilliseconds(50);
        await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(40), SnapshotId, options);
        var data = RandomNumberGenerator.GetBytes(65536);
        await agent.Device.WriteAsync(131072, data, fua: true, CancellationToken.None);
        var back = new byte[65536];
        await agent.Device.ReadAsync(131072, back, CancellationToken.None);
        Assert.Equal(data, back);
        var error = await Assert.ThrowsAsync<BlockDeviceException>(() => agent.Device.ReadAsync(0, back, CancellationToken.None).AsTask());
        Assert.Equal(DeviceError.Io, error.Error);
        Assert.Equal(VolumeRunState.Restoring, agent.Status.State);
        Assert.NotEmpty(agent.Status.Reason);
    }

    [Fact]
    public async Task Altered_bytes_are_an_error_and_never_data()
    {
        var (origin, _) = await OriginAsync(seed: 50);
        foreach (var segment in origin.Named.Select(named => named.BlobKey).Distinct())
        {
            origin.Store.Tamper(segment, content =>
            {
                content[400] ^= 1;
                return content;
            });
        }
        var service = origin.Clone("vol-00000000000000000017", SnapshotId, seed: 50);
        await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(50), SnapshotId);
        var error = await Assert.ThrowsAsync<BlockDeviceException>(agent.ReadAsync);
        Assert.Equal(DeviceError.Io, error.Error);
        Assert.Contains("corrupt", error.Message, StringComparison.Ordinal);
        Assert.Equal(VolumeRunState.Restoring, agent.Status.State);
    }

    [Fact]
    public async Task A_restore_whose_image_names_a_blob_that_is_gone_asks_for_the_image_again()
    {
        var (origin, image) = await OriginAsync(seed: 60);
        var service = origin.Clone("vol-00000000000000000018", SnapshotId, seed: 60);
        var lineage = origin.Head.Lineage;
        var gone = new SegmentReference(new SegmentIdentity(SegmentKind.Relocation, lineage, 1, 0, 7, new BlobNonce(1)), 1000);
        var table = new RelocationRoot(lineage, new PageRoot(0, new PageReference(gone, 0, 100, new PageHash(1, 2))));
        var asked = 0;
        service.HandOut = given => Interlocked.Increment(ref asked) == 1 ? given.At([table]) : given;
        await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(60), SnapshotId);
        await RestoredAsync(agent);
        Assert.Equal(image, await agent.ReadAsync());
        Assert.InRange(asked, 2, 4);
    }

    private static async Task<(ModelService Service, byte[] Image)> OriginAsync(int seed)
    {
        var service = new ModelService("vol-00000000000000000011", SizeBytes, seed);
        var writer = new SequentialWriter(SizeBytes, seed);
        await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(seed));
        await writer.StepsAsync(agent.Device, 150);
        var image = await agent.ReadAsync();
        await agent.Host.TakeSnapshotAsync(SnapshotId, CancellationToken.None);
        await agent.DrainAsync();
        return (service, image);
    }

    private static Task RestoredAsync(AgentVolume agent) => agent.Host.WaitRestoredAsync(CancellationToken.None).OrHungAsync();
}
