using Microsoft.Extensions.Time.Testing;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Tests.Kit.Disks;
using Xunit;

namespace Tidegate.Tests.Unit.Devices;

/// <summary>Full and failing disks, and blocks that are not there yet, with every step in the test's hands.</summary>
public sealed class LoggedVolumeFaultTests
{
    private const int SizeBytes = 1 << 20;
    private const int Sector = 4096;
    private readonly SeededScheduler _scheduler = new(new Random(1));
    private readonly FakeTimeProvider _time = new();
    private readonly SimulatedDisk _disk = new(new Random(2), new SimulatedDiskPlan());

    [Fact]
    public void A_full_disk_under_the_store_loses_nothing_and_refuses_when_the_log_is_full_too()
    {
        var volume = Open();
        // The log has its space; the store gets room for four pages and no more.
        _disk.Plan.CapacityPages = _disk.UsedPages + 4;
        var written = 0;
        BlockDeviceException? refused = null;
        while (refused is null)
        {
            Assert.True(written < 200, "a full disk never refused");
            var write = Start(() => volume.WriteAsync(written * (long)Sector, Filled(written + 1), fua: true, default).AsTask());
            Settle(write);
            if (write.IsCompletedSuccessfully)
                written++;
            else
                refused = Assert.IsType<BlockDeviceException>(write.Exception!.InnerException);
        }
        Assert.Equal(DeviceError.NoSpace, refused.Error);
        Assert.True(written > 4);
        Assert.Contains("full", volume.Shortage, StringComparison.Ordinal);
        AssertHolds(volume, written);

        _disk.Plan.CapacityPages = long.MaxValue;
        _time.Advance(TimeSpan.FromSeconds(2));
        Run();
        Assert.Equal("", volume.Shortage);
        Settle(Start(() => volume.WriteAsync(written * (long)Sector, Filled(written + 1), fua: true, default).AsTask()));
        Settle(Start(() => volume.DisposeAsync().AsTask()));
        AssertHolds(Reopen(), written + 1);
    }

    [Fact]
    public void A_store_that_cannot_be_synced_stops_the_volume()
    {
        var volume = Open();
        Settle(Start(() => volume.WriteAsync(0, Filled(1), fua: true, default).AsTask()));
        _time.Advance(TimeSpan.FromMilliseconds(60));
        Run();
        Assert.True(volume.IsApplied);
        _disk.Plan.Errors[_disk.Calls + 1] = (int)DeviceError.Io;
        _time.Advance(TimeSpan.FromSeconds(6));
        Run();
        Assert.NotNull(volume.Failure);
        Assert.Equal(0, volume.Log.AppliedEnd);
        var write = volume.WriteAsync(0, Filled(2), fua: false, default).AsTask();
        Assert.Equal(DeviceError.Io, Assert.IsType<BlockDeviceException>(write.Exception!.InnerException).Error);
        Assert.True(volume.FlushAsync(default).AsTask().IsFaulted);
        AssertHolds(Reopen(crash: true), 1);
    }

    [Fact]
    public void Absent_blocks_are_fetched_before_they_are_read_and_never_replace_newer_bytes()
    {
        var absent = new OneAbsentBlock();
        var volume = Open(absent);
        absent.Volume = volume;
        Settle(Start(() => volume.WriteAsync(Sector, Filled(77), fua: true, default).AsTask()));
        _time.Advance(TimeSpan.FromMilliseconds(60));
        Run();
        Assert.True(volume.IsApplied);

        var block = new byte[65536];
        Settle(Start(() => volume.ReadAsync(0, block, default).AsTask()));
        Assert.Equal(1, absent.Fetches);
        for (var at = 0; at < block.Length; at += Sector)
            Assert.Equal(at == Sector ? 77 : 200, block[at]);

        // Marks are durable before the log forgets what they stand for.
        _time.Advance(TimeSpan.FromSeconds(6));
        Run();
        Assert.Equal(1, absent.Syncs);
        Assert.Equal(volume.Log.DurableEnd, volume.Log.AppliedEnd);
    }

    [Fact]
    public void A_store_that_is_missing_or_of_another_size_is_refused()
    {
        var options = Options();
        using (var other = _disk.Open(LoggedVolume.StoreFileName))
            other.SetSize(8192);
        Assert.Contains("8192", Assert.Throws<IOException>(() => LoggedVolume.Create(_disk, options)).Message, StringComparison.Ordinal);
        _disk.Delete(LoggedVolume.StoreFileName);
        LoggedVolume.Create(_disk, options);
        _disk.Delete(LoggedVolume.StoreFileName);
        Assert.Throws<LogCorruptException>(() => LoggedVolume.Open(_disk, options));
    }

    [Fact]
    public void A_store_that_cannot_grow_leaves_the_volume_as_it_was()
    {
        var volume = Open();
        _disk.Plan.Errors[_disk.Calls + 1] = (int)DeviceError.Invalid;
        var grow = Start(() => volume.GrowAsync(2 * SizeBytes, default));
        Run();
        Assert.IsType<BlockDeviceException>(grow.Exception!.InnerException);
        Assert.Null(volume.Failure);
        Assert.Equal(SizeBytes, volume.SizeBytes);
        Settle(Start(() => volume.WriteAsync(0, Filled(1), fua: true, default).AsTask()));
        Settle(Start(() => volume.GrowAsync(2 * SizeBytes, default)));
        Assert.Equal(2 * SizeBytes, volume.SizeBytes);
        AssertHolds(volume, 1);
    }

    private LoggedVolumeOptions Options(IAbsentBlocks? absent = null) => new()
    {
        SizeBytes = SizeBytes,
        ApplyWorker = _scheduler,
        AbsentBlocks = absent,
        Log = new WriteLogOptions
        {
            VolumeId = "vol-faults",
            CapacityBytes = 128 << 10,
            RetainUntilCommitted = false,
            Worker = _scheduler,
            Time = _time,
        },
    };

    private LoggedVolume Open(IAbsentBlocks? absent = null)
    {
        LoggedVolume.Create(_disk, Options());
        return LoggedVolume.Open(_disk, Options(absent));
    }

    private LoggedVolume Reopen(bool crash = false)
    {
        if (crash)
            _scheduler.Clear();
        return LoggedVolume.Open(crash ? _disk.Restart(new SimulatedDiskPlan()) : _disk, Options());
    }

    private Task Start(Func<Task> work) => _scheduler.Start(work);

    private void Run()
    {
        while (_scheduler.RunOne())
        {
        }
    }

    /// <summary>Runs until the task is done, letting time pass while nothing else happens.</summary>
    private void Settle(Task task)
    {
        for (var waits = 0; waits < 100; waits++)
        {
            Run();
            if (task.IsCompleted)
                return;
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }
        throw new InvalidOperationException("the request never completed");
    }

    private static byte[] Filled(int value) => Enumerable.Repeat((byte)value, Sector).ToArray();

    private static void AssertHolds(LoggedVolume volume, int sectors)
    {
        var sector = new byte[Sector];
        for (var i = 0; i < sectors; i++)
        {
            Assert.True(volume.ReadAsync(i * (long)Sector, sector, default).AsTask().IsCompletedSuccessfully);
            Assert.Equal(Filled(i + 1), sector);
        }
    }

    /// <summary>The first block is 200 everywhere, at the service; sectors are marked as they are written.</summary>
    private sealed class OneAbsentBlock : IAbsentBlocks
    {
        private readonly HashSet<long> _present = [];
        private bool _fetched;

        internal LoggedVolume? Volume { get; set; }
        internal int Fetches { get; private set; }
        internal int Syncs { get; private set; }

        public bool IsPresent(long offset, long length) => _fetched || offset >= 65536;

        public ValueTask EnsurePresentAsync(long offset, long length, CancellationToken cancellationToken)
        {
            Fetches++;
            Volume!.FillStore(0, Enumerable.Repeat((byte)200, 65536).ToArray(), sector => !_present.Contains(sector));
            Volume.SyncStore();
            _fetched = true;
            return ValueTask.CompletedTask;
        }

        public void MarkWritten(long offset, long length)
        {
            for (var at = offset; at < offset + length; at += Sector)
                _present.Add(at);
        }

        public void MarkStored(long offset, long length) => MarkWritten(offset, length);

        public Task SettleAsync() => Task.CompletedTask;

        public void SyncMarks() => Syncs++;
    }
}
