using Microsoft.Extensions.Time.Testing;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Tests.Kit.Disks;
using Xunit;

namespace Tidegate.Tests.Unit.Devices;

/// <summary>
/// What a failed sync covered stays in the page cache, marked as written, until power is lost: nobody may rely on it, in this process or the next
/// (docs/formats/dirty-map.md rule 6, docs/formats/write-log.md rule 5; I1).
/// </summary>
public sealed class FailedSyncTests
{
    private const int SizeBytes = 1 << 20;
    private const int Sector = 4096;
    private readonly FakeTimeProvider _time = new();
    private SeededScheduler _scheduler = new(new Random(1));
    private SimulatedDisk _disk = new(new Random(1), new SimulatedDiskPlan());

    [Fact]
    public void A_sync_of_the_store_that_fails_at_the_end_of_pass_through_stops_the_volume()
    {
        var volume = Passed();
        FailNextSync();
        var resume = Start(() => volume.ResumeAsync(new CommittedPoint(1, volume.Log.ResumesAt + 4096, [], 1), default));
        Assert.True(resume.IsFaulted);
        Assert.NotNull(volume.Failure);
        Assert.True(Start(() => volume.FlushAsync(default).AsTask()).IsFaulted);
    }

    [Fact]
    public void No_later_sync_of_the_store_counts()
    {
        var volume = Passed();
        FailNextSync();
        // The second asks while the first is under way, and gets a run of its own.
        var flushes = Enumerable.Range(0, 2).Select(_ => _scheduler.Start(() => volume.FlushAsync(default).AsTask())).ToArray();
        Run();
        Assert.All(flushes, flush => Assert.True(flush.IsFaulted));
        Assert.Throws<BlockDeviceException>(volume.SyncStore);
    }

    [Fact]
    public void What_it_covered_is_written_again_by_the_next_process()
    {
        for (var seed = 0; seed < 30; seed++)
        {
            (_scheduler, _disk) = (new(new Random(seed)), new(new Random(seed), new SimulatedDiskPlan()));
            var volume = Passed();
            Assert.True(Start(() => volume.DiscardAsync(Sector, Sector, fua: false, default).AsTask()).IsCompletedSuccessfully);
            FailNextSync();
            Assert.True(Start(() => volume.FlushAsync(default).AsTask()).IsFaulted);

            _disk = _disk.Reopen(new SimulatedDiskPlan());
            volume = Opened();
            Assert.True(volume.IsPast);
            Assert.True(Start(() => volume.FlushAsync(default).AsTask()).IsCompletedSuccessfully);
            _disk = _disk.Restart(new SimulatedDiskPlan());
            volume = Opened();
            AssertReads(volume, 0, 7);
            AssertReads(volume, 1, 0);
            AssertReads(volume, 2, 7);
        }
    }

    [Fact]
    public void A_superblock_that_it_covered_is_written_again_before_the_next_one()
    {
        for (var seed = 0; seed < 30; seed++)
        {
            (_scheduler, _disk) = (new(new Random(seed)), new(new Random(seed), new SimulatedDiskPlan()));
            LoggedVolume.Create(_disk, Options());
            // The second sync of an open is its superblock's.
            _disk.Plan.SyncErrors[_disk.Syncs + 2] = (int)DeviceError.Io;
            Assert.ThrowsAny<IOException>(() => LoggedVolume.Open(_disk, Options()));
            _disk = _disk.Reopen(new SimulatedDiskPlan());
            Opened();
            _disk = _disk.Restart(new SimulatedDiskPlan());
            Assert.Null(Opened().Failure);
        }
    }

    private LoggedVolumeOptions Options() => new()
    {
        SizeBytes = SizeBytes,
        ApplyWorker = _scheduler,
        Log = new WriteLogOptions { VolumeId = "vol-syncs", CapacityBytes = 128 << 10, Worker = _scheduler, Time = _time },
    };

    private LoggedVolume Opened() => LoggedVolume.Open(_disk, Options());

    /// <summary>A volume whose writes go past its log, with three sectors written there.</summary>
    private LoggedVolume Passed()
    {
        LoggedVolume.Create(_disk, Options());
        var volume = Opened();
        var pass = Start(() => volume.PassAsync(default));
        Assert.True(pass.IsCompletedSuccessfully && volume.IsPast);
        var data = new byte[3 * Sector];
        data.AsSpan().Fill(7);
        Assert.True(Start(() => volume.WriteAsync(0, data, fua: false, default).AsTask()).IsCompletedSuccessfully);
        return volume;
    }

    private void FailNextSync() => _disk.Plan.SyncErrors[_disk.Syncs + 1] = (int)DeviceError.Io;

    private Task Start(Func<Task> work)
    {
        var task = _scheduler.Start(work);
        for (var waits = 0; waits < 100 && !task.IsCompleted; waits++)
        {
            Run();
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        return task;
    }

    private void Run()
    {
        while (_scheduler.RunOne())
        {
        }
    }

    private void AssertReads(LoggedVolume volume, int sector, byte value)
    {
        var read = new byte[Sector];
        Assert.True(Start(() => volume.ReadAsync(sector * (long)Sector, read, default).AsTask()).IsCompletedSuccessfully);
        Assert.Equal(-1, read.AsSpan().IndexOfAnyExcept(value));
    }
}
