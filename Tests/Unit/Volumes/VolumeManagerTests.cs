using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Shadow;
using Tidegate.GatewayAgent.Uplink;
using Tidegate.GatewayAgent.Volumes;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Service;
using Xunit;

namespace Tidegate.Tests.Unit.Volumes;

/// <summary>Moving towards the desired configuration, with and without the service (M1.8, M2.1).</summary>
public sealed class VolumeManagerTests
{
    private const long SizeBytes = 1 << 20;
    private readonly MemoryStorage _storage = new();

    [Fact]
    public async Task Volumes_are_made_exported_by_name_and_kept_when_they_leave()
    {
        await using var manager = NewManager();
        var changes = 0;
        manager.Changed += (_, _) => Interlocked.Increment(ref changes);
        await manager.StartAsync(CancellationToken.None);
        Assert.Empty(manager.List());
        await manager.ApplyAsync(Configuration(1, ("b", 2), ("a", 1)), CancellationToken.None);
        Assert.Equal(["a", "b"], manager.List().Select(export => export.Name));
        Assert.Equal(1, manager.AppliedConfigurationVersion);
        Assert.True(changes > 0);
        Assert.True(manager.TryOpen("a", out var lease));
        Assert.False(manager.TryOpen("A", out _));
        await lease.Device.WriteAsync(0, new byte[] { 1, 2, 3, 4 }, fua: true, CancellationToken.None);

        var leaving = manager.ApplyAsync(Configuration(2, ("b", 2)), CancellationToken.None);
        await Assert.ThrowsAsync<TaskCanceledException>(() => Task.Delay(Timeout.Infinite, lease.Revoked));
        await lease.DisposeAsync();
        await leaving;
        Assert.Equal(["b"], manager.List().Select(export => export.Name));

        await manager.ApplyAsync(Configuration(3, ("back", 1), ("b", 2)), CancellationToken.None);
        Assert.True(manager.TryOpen("back", out var again));
        var bytes = new byte[4];
        await again.Device.ReadAsync(0, bytes, CancellationToken.None);
        Assert.Equal([1, 2, 3, 4], bytes);
        await again.DisposeAsync();
    }

    [Fact]
    public async Task A_restart_serves_the_last_configuration_with_no_service_in_sight()
    {
        await using (var manager = NewManager())
            await manager.ApplyAsync(Configuration(7, ("data", 1)), CancellationToken.None);
        await using var restarted = NewManager(isDown: true);
        await restarted.StartAsync(CancellationToken.None);
        Assert.Equal(7, restarted.AppliedConfigurationVersion);
        Assert.True(restarted.TryOpen("data", out var lease));
        await lease.Device.WriteAsync(4096, new byte[4096], fua: true, CancellationToken.None);
        await lease.DisposeAsync();
        // An older configuration, late on the link, changes nothing.
        await restarted.ApplyAsync(Configuration(6), CancellationToken.None);
        Assert.Single(restarted.List());
    }

    [Fact]
    public async Task A_renamed_volume_is_found_by_its_new_name_alone()
    {
        await using var manager = NewManager();
        await manager.ApplyAsync(Configuration(1, ("old", 1)), CancellationToken.None);
        await manager.ApplyAsync(Configuration(2, ("new", 1)), CancellationToken.None);
        Assert.False(manager.TryOpen("old", out _));
        Assert.True(manager.TryOpen("new", out var lease));
        await lease.DisposeAsync();
    }

    [Fact]
    public async Task One_damaged_volume_is_reported_and_stops_nothing_else()
    {
        await using (var manager = NewManager())
            await manager.ApplyAsync(Configuration(1, ("good", 1), ("bad", 2)), CancellationToken.None);
        _storage.Volumes[Id(2)].Corrupt("log", 30);
        _storage.Volumes[Id(2)].Corrupt("log", 4096 + 30);
        await using var restarted = NewManager();
        await restarted.StartAsync(CancellationToken.None);
        Assert.Equal(["good"], restarted.List().Select(export => export.Name));
        var bad = restarted.GetStatuses().Single(volume => volume.Name == "bad").Status;
        Assert.Equal(VolumeRunState.Failed, bad.State);
        Assert.Contains("damaged", bad.Reason, StringComparison.Ordinal);
        var error = await Assert.ThrowsAsync<TidegateException>(() => restarted.TakeBarrierAsync(Id(2), "snap-a", CancellationToken.None));
        Assert.Equal(ErrorCodes.InvalidState, error.Code);
        error = await Assert.ThrowsAsync<TidegateException>(() => restarted.TakeBarrierAsync(Id(3), "snap-a", CancellationToken.None));
        Assert.Equal(ErrorCodes.InvalidState, error.Code);
    }

    [Fact]
    public async Task A_disk_without_room_for_the_log_is_said_and_with_room_the_volume_is_served_by_itself()
    {
        var disk = new SimulatedDisk(new Random(3), new SimulatedDiskPlan { CapacityPages = 100 });
        _storage.Volumes[Id(1)] = disk;
        var time = new FakeTimeProvider();
        await using var manager = NewManager(time: time);
        await manager.ApplyAsync(Configuration(1, ("data", 1)), CancellationToken.None);
        var status = manager.GetStatuses().Single().Status;
        Assert.Equal(VolumeRunState.Failed, status.State);
        Assert.Contains("no room for the volume's write log of 8 MiB. Free space on it: the agent tries again by itself.", status.Reason, StringComparison.Ordinal);
        // Where a failed reservation keeps what there was, it would keep the disk full for every other volume.
        Assert.False(disk.Exists("log.new"));
        for (var tries = 0; tries < 2; tries++)
        {
            var changed = new TaskCompletionSource();
            manager.Changed += (_, _) => changed.TrySetResult();
            if (tries == 1)
                disk.Plan.CapacityPages = long.MaxValue;
            time.Advance(TimeSpan.FromMinutes(1));
            await changed.Task;
            Assert.Equal(tries == 1, manager.List().Any());
        }
    }

    [Fact]
    public async Task A_volume_whose_directory_cannot_be_opened_stops_nothing_else()
    {
        _storage.Broken = Id(2);
        await using (var manager = NewManager())
            await manager.ApplyAsync(Configuration(1, ("good", 1), ("bad", 2)), CancellationToken.None);
        await using var restarted = NewManager();
        await restarted.StartAsync(CancellationToken.None);
        Assert.Equal(["good"], restarted.List().Select(export => export.Name));
        Assert.Contains("There is no such directory", restarted.GetStatuses().Single(volume => volume.Name == "bad").Status.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1L << 20, 64L << 20)]
    [InlineData(64L << 20, 128L << 20)]
    [InlineData(512L << 20, 1L << 30)]
    [InlineData(16L << 40, 1L << 30)]
    public void A_small_volume_has_a_small_log(long sizeBytes, long logBytes) => Assert.Equal(logBytes, new VolumeOptions().LogCapacityFor(sizeBytes));

    [Fact]
    public async Task A_store_with_data_and_no_log_is_refused_untouched()
    {
        var disk = new SimulatedDisk(new Random(9), new SimulatedDiskPlan());
        using (var store = disk.Open("store.raw", SizeBytes))
            store.Write(8192, new byte[] { 9 });
        _storage.Volumes[Id(1)] = disk;
        await using var manager = NewManager();
        await manager.ApplyAsync(Configuration(1, ("data", 1)), CancellationToken.None);
        Assert.Equal(VolumeRunState.Failed, manager.GetStatuses().Single().Status.State);
        Assert.False(disk.Exists("log"));
    }

    [Fact]
    public async Task A_volume_grows_when_told_and_after_a_restart_when_it_was_away()
    {
        await using (var manager = NewManager())
        {
            await manager.ApplyAsync(Configuration(1, ("data", 1)), CancellationToken.None);
            await manager.ApplyAsync(Configuration(2, SizeBytes * 2), CancellationToken.None);
            Assert.Equal(SizeBytes * 2, manager.List().Single().SizeBytes);
        }
        // The agent dies between keeping the configuration and growing.
        new ConfigurationStore(_storage.OpenRoot()).Save(Configuration(3, SizeBytes * 3));
        await using var restarted = NewManager();
        await restarted.StartAsync(CancellationToken.None);
        Assert.Equal(SizeBytes * 3, restarted.List().Single().SizeBytes);
        Assert.True(restarted.TryOpen("data", out var lease));
        await using var held = lease;
        var sector = new byte[4096];
        Array.Fill(sector, (byte)7);
        await lease.Device.WriteAsync(SizeBytes * 3 - 4096, sector, fua: true, CancellationToken.None);
        await lease.Device.ReadAsync(SizeBytes * 2, sector, CancellationToken.None);
        Assert.All(sector, value => Assert.Equal(0, value));
    }

    /// <summary>M1.10: limits come with the configuration, hold after a restart without a link, and give way to lower ones of the machine's own.</summary>
    [Fact]
    public async Task Bandwidth_limits_are_applied_kept_and_bounded_by_the_machines_own()
    {
        var uplink = new UplinkLimits(new UplinkOptions(DownloadBytesPerSecond: 100_000), TimeProvider.System, NullLogger.Instance);
        await using (var manager = NewManager(uplink: uplink))
        {
            Assert.Equal(((long?)null, 100_000L), (uplink.Uploads.Rate, uplink.Downloads.Rate));
            var limits = new BandwidthLimits(1, 200_000, "", [new BandwidthWindow(WeekDays.All, 0, 1440, 50_000, 70_000)]);
            await manager.ApplyAsync(Configuration(1, ("data", 1)) with { Bandwidth = limits with { Windows = [] } }, CancellationToken.None);
            Assert.Equal((1L, 100_000L), (uplink.Uploads.Rate, uplink.Downloads.Rate));
            await manager.ApplyAsync(Configuration(2, ("data", 1)) with { Bandwidth = limits }, CancellationToken.None);
            Assert.Equal((50_000L, 70_000L), (uplink.Uploads.Rate, uplink.Downloads.Rate));
        }
        var restarted = new UplinkLimits(new UplinkOptions(), TimeProvider.System, NullLogger.Instance);
        await using var again = NewManager(uplink: restarted);
        await again.StartAsync(CancellationToken.None);
        Assert.Equal((50_000L, 70_000L), (restarted.Uploads.Rate, restarted.Downloads.Rate));
    }

    private static GatewayConfiguration Configuration(long version, long sizeBytes) =>
        new(version, "gateway", "Europe/Berlin", [new VolumeAttachment(Id(1), "data", sizeBytes, "")]);

    private VolumeManager NewManager(bool isDown = false, TimeProvider? time = null, UplinkLimits? uplink = null)
    {
        ModelService ServiceOf(string volumeId)
        {
            var service = new ModelService(volumeId, SizeBytes, seed: 1);
            service.Faults.IsDown = isDown;
            return service;
        }
        var environment = new VolumeEnvironment(
            id => ServiceOf(id).Connect(), ServiceOf(Id(1)).Transport(), new SealWorkers(1), AgentVolume.Options(), time ?? TimeProvider.System, NullLoggerFactory.Instance);
        if (uplink is not null)
            environment = environment with { Uplink = uplink };
        environment.Options.CloseTimeout = TimeSpan.FromSeconds(10);
        return new VolumeManager(_storage, environment, name => [$"nbd://127.0.0.1:1/{name}"]);
    }

    private static GatewayConfiguration Configuration(long version, params (string Name, int Number)[] volumes) =>
        new(version, "gateway", "Europe/Berlin", [.. volumes.Select(volume => new VolumeAttachment(Id(volume.Number), volume.Name, SizeBytes, ""))]);

    private static string Id(int number) => $"vol-{number:d20}";

    private sealed class MemoryStorage : IVolumeStorage
    {
        private readonly SimulatedDisk _root = new(new Random(1), new SimulatedDiskPlan());

        public Dictionary<string, SimulatedDisk> Volumes { get; } = [];

        public string Broken { get; set; } = "";

        public IDisk OpenRoot() => new LockedDisk(_root);

        public IDisk OpenVolume(string volumeId)
        {
            if (volumeId == Broken)
                throw new DirectoryNotFoundException("There is no such directory");
            lock (Volumes)
            {
                if (!Volumes.TryGetValue(volumeId, out var disk))
                    Volumes[volumeId] = disk = new SimulatedDisk(new Random(2), new SimulatedDiskPlan());
                return new LockedDisk(disk);
            }
        }
    }
}
