using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.BlockStore;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Shadow;
using Tidegate.GatewayAgent.Volumes;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Service;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Volumes;

/// <summary>Snapshots as read-only devices (docs/protocols/nbd.md, Snapshots).</summary>
public sealed class SnapshotExportTests
{
    private const string VolumeId = "vol-00000000000000000009";
    private const long SizeBytes = (2 << 20) + BlockGeometry.SectorBytes;

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0.3)]
    [InlineData(3, 0.3)]
    public async Task A_snapshot_reads_as_the_volume_was_wherever_and_however_much_is_read(int seed, double transfersLost)
    {
        var (service, agent, expected) = await WithSnapshotAsync(seed);
        await using var held = agent;
        service.Faults.TransferLost = transfersLost;
        Assert.True(agent.Host.TryOpenSnapshot("snap-a", "data@snap-a", out var lease));
        Assert.Equal((SizeBytes, true, "data@snap-a"), (lease.Export.SizeBytes, lease.Device.IsReadOnly, lease.Export.Name));
        var random = new Random(seed);
        for (var i = 0; i < 120; i++)
        {
            var length = random.Next(3) switch { 0 => random.Next(1, 600), 1 => random.Next(1, 70_000), _ => random.Next(1, 400_000) };
            var offset = random.Next((int)SizeBytes - length + 1);
            var bytes = new byte[length];
            await lease.Device.ReadAsync(offset, bytes, CancellationToken.None);
            Assert.True(expected.AsSpan(offset, length).SequenceEqual(bytes), $"{length} bytes at {offset}");
        }
        var whole = new byte[SizeBytes];
        await lease.Device.ReadAsync(0, whole, CancellationToken.None);
        Assert.Equal(expected, whole);
        await lease.DisposeAsync();
    }

    [Fact]
    public async Task Extents_cover_the_range_in_order_and_holes_are_zero()
    {
        var (_, agent, expected) = await WithSnapshotAsync(4);
        await using var held = agent;
        Assert.True(agent.Host.TryOpenSnapshot("snap-a", "data@snap-a", out var lease));
        foreach (var (offset, length) in new[] { (0L, SizeBytes), (5L, 100L), (70_000L, 1_000_000L), (SizeBytes - 1, 1L) })
        {
            foreach (var most in new[] { 1, 2, 100 })
            {
                var extents = await lease.Device.GetExtentsAsync(offset, length, most, CancellationToken.None);
                Assert.InRange(extents.Count, 1, most);
                var at = offset;
                foreach (var extent in extents)
                {
                    Assert.True(extent.LengthBytes > 0);
                    if (extent.IsHole)
                        Assert.False(expected.AsSpan((int)at, (int)extent.LengthBytes).ContainsAnyExcept((byte)0));
                    at += extent.LengthBytes;
                }
                Assert.InRange(at, offset + 1, offset + length);
                if (most == 100)
                    Assert.Equal(offset + length, at);
            }
        }
        Assert.Contains(await lease.Device.GetExtentsAsync(0, SizeBytes, 100, CancellationToken.None), extent => extent.IsHole);
    }

    [Fact]
    public async Task Nothing_can_be_changed()
    {
        var (_, agent, _) = await WithSnapshotAsync(5);
        await using var held = agent;
        Assert.True(agent.Host.TryOpenSnapshot("snap-a", "data@snap-a", out var lease));
        var device = lease.Device;
        await device.FlushAsync(CancellationToken.None);
        foreach (var change in new Func<ValueTask>[]
        {
            () => device.WriteAsync(0, new byte[512], fua: false, CancellationToken.None),
            () => device.DiscardAsync(0, 4096, fua: false, CancellationToken.None),
            () => device.WriteZeroesAsync(0, 4096, fua: false, CancellationToken.None),
        })
        {
            var refused = await Assert.ThrowsAsync<BlockDeviceException>(() => change().AsTask());
            Assert.Equal(DeviceError.NotPermitted, refused.Error);
        }
    }

    [Fact]
    public async Task An_unknown_snapshot_is_no_export_and_a_silent_service_is_a_reason()
    {
        var options = AgentVolume.Options();
        var (service, agent, _) = await WithSnapshotAsync(6, options);
        await using var held = agent;
        Assert.False(agent.Host.TryOpenSnapshot("snap-x", "data@snap-x", out _));
        service.Faults.IsDown = true;
        options.SnapshotOpenTimeout = TimeSpan.FromMilliseconds(100);
        var reason = Assert.Throws<ExportException>(() => agent.Host.TryOpenSnapshot("snap-a", "data@snap-a", out _));
        Assert.Contains("snap-a", reason.Message, StringComparison.Ordinal);
        service.Faults.IsDown = false;
        options.SnapshotOpenTimeout = Hanging.Limit;
        Assert.True(agent.Host.TryOpenSnapshot("snap-a", "data@snap-a", out _));
    }

    [Fact]
    public async Task A_read_that_gets_no_answer_fails_in_the_end_and_works_again_later()
    {
        var options = AgentVolume.Options();
        var (service, agent, expected) = await WithSnapshotAsync(7, options);
        await using var held = agent;
        Assert.True(agent.Host.TryOpenSnapshot("snap-a", "data@snap-a", out var lease));
        service.Faults.IsDown = true;
        options.Hydration.FirstTouchTimeout = TimeSpan.FromMilliseconds(200);
        var bytes = new byte[SizeBytes];
        var failure = await Assert.ThrowsAsync<BlockDeviceException>(() => lease.Device.ReadAsync(0, bytes, CancellationToken.None).AsTask());
        Assert.Equal(DeviceError.Io, failure.Error);
        failure = await Assert.ThrowsAsync<BlockDeviceException>(() => lease.Device.ReadAsync(1, bytes.AsMemory(0, 10), CancellationToken.None).AsTask());
        Assert.Equal(DeviceError.Io, failure.Error);
        service.Faults.IsDown = false;
        options.Hydration.FirstTouchTimeout = Hanging.Limit;
        await lease.Device.ReadAsync(0, bytes, CancellationToken.None);
        Assert.Equal(expected, bytes);
    }

    [Fact]
    public async Task Sessions_share_a_snapshot_and_are_asked_to_close_with_their_volume()
    {
        var (_, agent, _) = await WithSnapshotAsync(8);
        Assert.True(agent.Host.TryOpenSnapshot("snap-a", "data@snap-a", out var first));
        Assert.True(agent.Host.TryOpenSnapshot("snap-a", "data@snap-a", out var second));
        Assert.Same(first.Device, second.Device);
        Assert.False(first.Revoked.IsCancellationRequested);
        await agent.DisposeAsync();
        Assert.True(first.Revoked.IsCancellationRequested && second.Revoked.IsCancellationRequested);
        Assert.False(agent.Host.TryOpenSnapshot("snap-a", "data@snap-a", out _));
        await first.DisposeAsync();
        await second.DisposeAsync();
    }

    [Fact]
    public async Task Only_so_many_snapshots_are_open_at_once_and_idle_ones_make_room()
    {
        var (service, agent, _) = await WithSnapshotAsync(9);
        await using var held = agent;
        for (var i = 0; i < SnapshotExports.MaxOpen; i++)
            service.Snapshots[$"snap-{i}"] = service.Snapshots["snap-a"];
        var leases = new List<IExportLease>();
        for (var i = 0; i < SnapshotExports.MaxOpen; i++)
        {
            Assert.True(agent.Host.TryOpenSnapshot($"snap-{i}", $"data@snap-{i}", out var lease));
            leases.Add(lease);
        }
        Assert.Throws<ExportException>(() => agent.Host.TryOpenSnapshot("snap-a", "data@snap-a", out _));
        await leases[3].DisposeAsync();
        Assert.True(agent.Host.TryOpenSnapshot("snap-a", "data@snap-a", out _));
    }

    [Fact]
    public async Task Snapshots_are_exports_of_the_gateway_by_volume_name_and_id()
    {
        var service = new ModelService(VolumeId, SizeBytes, seed: 10);
        await using var manager = new VolumeManager(
            new OneVolume(LockedDisk.Seeded(10), LockedDisk.Seeded(11)),
            new VolumeEnvironment(_ => service.Connect(), service.Transport(), new SealWorkers(1), AgentVolume.Options(), TimeProvider.System, NullLoggerFactory.Instance),
            static _ => []);
        await manager.ApplyAsync(
            new GatewayConfiguration(1, "site", "UTC", [new(VolumeId, "data@home", SizeBytes, "")]), CancellationToken.None);
        Assert.True(manager.TryOpen("data@home", out var volume));
        await volume.Device.WriteAsync(0, new byte[] { 1, 2, 3 }, fua: true, CancellationToken.None);
        await manager.TakeBarrierAsync(VolumeId, "snap-a", CancellationToken.None);
        await volume.Device.WriteAsync(0, new byte[] { 9, 9, 9 }, fua: true, CancellationToken.None);
        Assert.True(SpinWait.SpinUntil(() => service.Heads[^1] is not null && service.Snapshots.ContainsKey("snap-a"), Hanging.Limit));
        Assert.True(manager.TryOpen("data@home@snap-a", out var snapshot));
        var bytes = new byte[3];
        await snapshot.Device.ReadAsync(0, bytes, CancellationToken.None);
        Assert.Equal([1, 2, 3], bytes);
        Assert.False(manager.TryOpen("data@home@snap-b", out _));
        Assert.False(manager.TryOpen("other@snap-a", out _));
        Assert.Equal(["data@home"], manager.List().Select(export => export.Name));
        await volume.DisposeAsync();
        await snapshot.DisposeAsync();
    }

    private static async Task<(ModelService Service, AgentVolume Agent, byte[] Expected)> WithSnapshotAsync(int seed, VolumeOptions? options = null)
    {
        var service = new ModelService(VolumeId, SizeBytes, seed);
        var agent = AgentVolume.Open(service, LockedDisk.Seeded(seed), options: options);
        var random = new Random(seed);
        for (var i = 0; i < 25; i++)
        {
            var bytes = new byte[random.Next(1, 60_000)];
            random.NextBytes(bytes);
            // The second quarter stays empty.
            var offset = random.Next(2) == 0 ? random.Next((int)SizeBytes / 4 - bytes.Length) : (SizeBytes / 2) + random.Next((int)SizeBytes / 2 - bytes.Length);
            await agent.Device.WriteAsync(offset, bytes, fua: false, CancellationToken.None);
        }
        var expected = await agent.ReadAsync();
        await agent.Host.TakeSnapshotAsync("snap-a", CancellationToken.None);
        await agent.Device.WriteAsync(0, new byte[100_000], fua: false, CancellationToken.None);
        await agent.DrainAsync();
        return (service, agent, expected);
    }

    private sealed class OneVolume(LockedDisk root, LockedDisk volume) : IVolumeStorage
    {
        public GatewayAgent.Disks.IDisk OpenRoot() => root;

        public GatewayAgent.Disks.IDisk OpenVolume(string volumeId) => volume;
    }
}
