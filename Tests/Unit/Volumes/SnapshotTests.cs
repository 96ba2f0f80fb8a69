using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Service;
using Xunit;

namespace Tidegate.Tests.Unit.Volumes;

/// <summary>Snapshots through the log's barriers (M2.8, I3, I4).</summary>
public sealed class SnapshotTests
{
    private const string VolumeId = "vol-00000000000000000002";
    private const long SizeBytes = 2 << 20;

    [Fact]
    public async Task A_snapshot_holds_what_was_acknowledged_before_and_nothing_issued_after_while_a_writer_never_pauses()
    {
        for (var seed = 0; seed < 8; seed++)
        {
            var service = new ModelService(VolumeId, SizeBytes, seed);
            (service.Faults.ReplyLost, service.Faults.TransferLost) = (0.2, 0.2);
            await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(seed));
            var writer = new SequentialWriter(SizeBytes, seed);
            var points = new List<(string Id, int AcknowledgedBefore, int IssuedBy)>();
            var stop = false;
            var writing = Task.Run(async () =>
            {
                while (!Volatile.Read(ref stop) && writer.Issued < 400)
                    await writer.StepAsync(agent.Device);
            });
            for (var i = 0; i < 4; i++)
            {
                var (id, before) = ($"snap-{i}", writer.Completed);
                var barrier = await agent.Host.TakeSnapshotAsync(id, CancellationToken.None);
                points.Add((id, before, writer.Issued));
                Assert.False(barrier.IsWaiting);
                Assert.True(barrier.LogPosition > 0);
            }
            Volatile.Write(ref stop, true);
            await writing;
            await agent.DrainAsync();
            foreach (var (id, acknowledged, issued) in points)
            {
                var prefixes = writer.PrefixesOf(await service.ReadAsync(service.Snapshots[id]));
                Assert.True(prefixes.Any(count => count >= acknowledged && count <= issued),
                    $"{id} is the volume after [{string.Join(", ", prefixes)}] operations, not {acknowledged} to {issued}");
            }
        }
    }

    [Fact]
    public async Task A_snapshot_does_not_change_with_the_volume()
    {
        var service = new ModelService(VolumeId, SizeBytes, seed: 20);
        var writer = new SequentialWriter(SizeBytes, seed: 20);
        await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(20));
        await writer.StepsAsync(agent.Device, 50);
        var at = await agent.ReadAsync();
        await agent.Host.TakeSnapshotAsync("snap-a", CancellationToken.None);
        await writer.StepsAsync(agent.Device, 50);
        await agent.DrainAsync();
        Assert.Equal(at, await service.ReadAsync(service.Snapshots["snap-a"]));
        Assert.NotEqual(at, await agent.ReadAsync());
    }

    [Fact]
    public async Task A_snapshot_of_an_idle_or_empty_volume_completes_too()
    {
        var service = new ModelService(VolumeId, SizeBytes, seed: 21);
        await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(21));
        await agent.Host.TakeSnapshotAsync("snap-empty", CancellationToken.None);
        await agent.Host.TakeSnapshotAsync("snap-again", CancellationToken.None);
        await agent.DrainAsync();
        Assert.Equal(["snap-again", "snap-empty"], service.Snapshots.Keys.Order());
        Assert.All(await service.ReadAsync(service.Snapshots["snap-empty"]), value => Assert.Equal(0, value));
    }

    [Fact]
    public async Task Asking_again_gives_the_same_point_and_a_crash_before_the_commit_announces_it_again()
    {
        var service = new ModelService(VolumeId, SizeBytes, seed: 22);
        service.Faults.IsDown = true;
        var writer = new SequentialWriter(SizeBytes, seed: 22);
        var agent = AgentVolume.Open(service, LockedDisk.Seeded(22));
        await writer.StepsAsync(agent.Device, 20);
        var at = await agent.ReadAsync();
        var first = await agent.Host.TakeSnapshotAsync("snap-a", CancellationToken.None);
        await writer.StepsAsync(agent.Device, 5);
        Assert.Equal(first, await agent.Host.TakeSnapshotAsync("snap-a", CancellationToken.None));
        var disk = await agent.CrashAsync();

        await using var recovered = AgentVolume.Open(service, disk);
        Assert.Equal(first.LogPosition, (await recovered.Host.TakeSnapshotAsync("snap-a", CancellationToken.None)).LogPosition);
        service.Faults.IsDown = false;
        await recovered.DrainAsync();
        Assert.Equal(at, await service.ReadAsync(service.Snapshots["snap-a"]));
    }

    [Fact]
    public async Task A_volume_that_is_not_served_says_so_instead_of_taking_a_snapshot()
    {
        var service = new ModelService(VolumeId, SizeBytes, seed: 23);
        var agent = AgentVolume.Open(service, LockedDisk.Seeded(23));
        await agent.DisposeAsync();
        var error = await Assert.ThrowsAsync<TidegateException>(() => agent.Host.TakeSnapshotAsync("snap-a", CancellationToken.None));
        Assert.Equal(ErrorCodes.InvalidState, error.Code);
    }
}
