using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Tests.Kit.Disks;
using Xunit;
using Log = Tidegate.GatewayAgent.WriteLog.WriteLog;

namespace Tidegate.Tests.Unit.WriteLog;

/// <summary>The log's promises one by one; their interplay under crashes is the simulation's.</summary>
public sealed class WriteLogTests
{
    [Fact]
    public void One_sync_serves_everyone_who_asked_before_it_began()
    {
        var fixture = new LogFixture();
        var syncs = 0;
        fixture.Disk.Plan.DuringSync = () => syncs++;
        var waiting = Enumerable.Range(0, 5).Select(i =>
        {
            fixture.Write(i);
            return fixture.LogUnderTest.SyncAsync();
        }).ToList();
        fixture.RunReady();
        Assert.All(waiting, task => Assert.True(task.IsCompletedSuccessfully));
        Assert.Equal(1, syncs);
        Assert.Equal(fixture.LogUnderTest.End, fixture.LogUnderTest.DurableEnd);
    }

    [Fact]
    public void Records_smaller_and_larger_than_what_is_read_at_once_are_read_whole_and_in_order_over_laps()
    {
        var fixture = new LogFixture(new WriteLogOptions { VolumeId = "vol-0123456789", CapacityBytes = 8 << 20, RetainUntilCommitted = false });
        var random = new Random(7);
        var seed = 0;
        for (var lap = 0; lap < 3; lap++)
        {
            var written = new List<(long Position, byte[] Data)>();
            var first = fixture.LogUnderTest.End;
            for (long bytes = 0; bytes < 5 << 20; bytes += written[^1].Data.Length)
            {
                var length = LogFixture.Sector * (random.Next(3) == 0 ? random.Next(1, 4) : random.Next(4) == 0 ? random.Next(200, 400) : random.Next(4, 80));
                written.Add((fixture.Write(++seed, length), LogFixture.Bytes(seed, length)));
            }
            fixture.Sync();
            var read = fixture.LogUnderTest.Read(first, fixture.LogUnderTest.End).Select(record => (record.Position, Data: record.Data.ToArray())).ToList();
            Assert.Equal(written.Select(record => record.Position), read.Select(record => record.Position));
            Assert.All(written.Zip(read), pair => Assert.True(pair.First.Data.AsSpan().SequenceEqual(pair.Second.Data)));
            var applied = Anchor(fixture, fixture.LogUnderTest.DurableEnd);
            fixture.Finish(() => fixture.LogUnderTest.MarkAppliedAsync(applied));
        }
    }

    [Fact]
    public void A_record_appended_during_a_sync_is_not_covered_by_it()
    {
        var fixture = new LogFixture();
        Task? second = null;
        fixture.Write(1);
        var first = fixture.LogUnderTest.SyncAsync();
        fixture.Disk.Plan.DuringSync = () =>
        {
            fixture.Disk.Plan.DuringSync = null;
            fixture.Write(2);
            second = fixture.LogUnderTest.SyncAsync();
        };
        fixture.Scheduler.RunOne();
        Assert.True(first.IsCompletedSuccessfully);
        Assert.False(second!.IsCompleted);
        Assert.True(fixture.LogUnderTest.DurableEnd < fixture.LogUnderTest.End);
        fixture.RunReady();
        Assert.True(second.IsCompletedSuccessfully);
    }

    [Fact]
    public void Unsynced_data_is_synced_after_its_interval_and_at_its_size()
    {
        var fixture = new LogFixture();
        fixture.Write(1);
        fixture.RunReady();
        Assert.Equal(0, fixture.LogUnderTest.DurableEnd);
        fixture.Time.Advance(fixture.Options.SyncInterval);
        fixture.RunReady();
        Assert.Equal(fixture.LogUnderTest.End, fixture.LogUnderTest.DurableEnd);

        for (var i = 0; i < 4; i++)
            fixture.Write(i);
        fixture.RunReady();
        Assert.Equal(fixture.LogUnderTest.End, fixture.LogUnderTest.DurableEnd);
    }

    [Fact]
    public void A_failing_sync_stops_the_log_for_everyone_and_is_never_retried()
    {
        var fixture = new LogFixture();
        fixture.Write(1);
        var sync = fixture.LogUnderTest.SyncAsync();
        fixture.Disk.Plan.Errors[fixture.Disk.Calls + 1] = (int)DeviceError.Io;
        fixture.RunReady();
        Assert.IsType<DiskFaultException>(sync.Exception!.InnerException);
        var calls = fixture.Disk.Calls;

        Assert.True(fixture.LogUnderTest.SyncAsync().IsFaulted);
        var refused = Assert.Throws<BlockDeviceException>(() => fixture.Write(2));
        Assert.Equal(DeviceError.Io, refused.Error);
        fixture.Time.Advance(TimeSpan.FromMinutes(1));
        fixture.RunReady();
        Assert.Equal(calls, fixture.Disk.Calls);
        Assert.Equal(0, fixture.LogUnderTest.DurableEnd);
    }

    [Fact]
    public void A_full_log_makes_writers_wait_but_still_takes_the_seal_that_empties_it()
    {
        var fixture = new LogFixture(LogFixture.Default with { CapacityBytes = 64 << 10 });
        var log = fixture.LogUnderTest;
        Task? waiting = null;
        for (var i = 0; waiting is null; i++)
        {
            Assert.True(i < 100);
            var bytes = LogFixture.Bytes(i);
            var append = fixture.Scheduler.Start(() => log.AppendAsync(LogRecordKind.Write, 0, LogFixture.Sector, bytes, default).AsTask());
            fixture.RunReady();
            if (!append.IsCompleted)
                waiting = append;
        }
        fixture.Sync();
        var applied = Anchor(fixture, log.DurableEnd);
        fixture.Finish(() => log.MarkAppliedAsync(applied));
        Assert.False(waiting.IsCompleted);

        var seal = new SealDecision(1, 0, log.DurableEnd, [1, 2, 3], 7);
        fixture.Finish(() => log.AppendSealAsync(seal, default));
        Assert.Equal(7, log.LastEpoch);
        log.MarkCommitted(new CommittedPoint(1, seal.End, seal.Digest, 7));
        fixture.RunReady();
        Assert.True(waiting.IsCompletedSuccessfully);
        Assert.Equal(seal.End, log.Tail);
        Assert.Empty(log.Seals);
        Assert.Throws<ArgumentOutOfRangeException>(() => log.Read(0, log.DurableEnd));
    }

    [Fact]
    public void Waiting_for_durable_data_ends_when_there_is_some()
    {
        var fixture = new LogFixture();
        var waiting = fixture.Scheduler.Start(() => fixture.LogUnderTest.WaitDurableAsync(1, default));
        fixture.RunReady();
        Assert.False(waiting.IsCompleted);
        fixture.Write(1);
        fixture.Sync();
        fixture.RunReady();
        Assert.True(waiting.IsCompletedSuccessfully);
    }

    [Fact]
    public void Reading_gives_back_what_was_appended_in_order_and_nothing_undurable()
    {
        var fixture = new LogFixture();
        fixture.Write(5, 8192);
        fixture.Finish(() => fixture.LogUnderTest.AppendAsync(LogRecordKind.Discard, 0, 1 << 20, default, default).AsTask());
        fixture.Sync();
        var end = fixture.LogUnderTest.DurableEnd;
        fixture.Write(6);
        var records = fixture.LogUnderTest.Read(0, end).Select(record => record with { Data = record.Data.ToArray() }).ToList();
        Assert.Equal([LogRecordKind.Write, LogRecordKind.Discard], records.Select(record => record.Kind));
        Assert.Equal([1L, 2L], records.Select(record => record.Sequence));
        Assert.Equal(LogFixture.Bytes(5, 8192), records[0].Data.ToArray());
        Assert.Equal((0, 1 << 20), (records[1].Offset, records[1].Length));
        Assert.Equal(fixture.Time.GetUtcNow(), records[0].HostTime);
        var part = new byte[100];
        fixture.LogUnderTest.ReadData(records[0].DataPosition + 4096, part);
        Assert.Equal(LogFixture.Bytes(5, 8192)[4096..4196], part);
        Assert.Throws<ArgumentOutOfRangeException>(() => fixture.LogUnderTest.Read(0, fixture.LogUnderTest.End));
    }

    [Fact]
    public void What_was_committed_sealed_and_barred_is_known_after_a_crash()
    {
        var fixture = new LogFixture();
        var log = fixture.LogUnderTest;
        fixture.Write(1);
        fixture.Sync();
        var first = new SealDecision(1, 0, log.DurableEnd, [9, 9], 4);
        fixture.Finish(() => log.AppendSealAsync(first, default));
        log.MarkCommitted(new CommittedPoint(1, first.End, first.Digest, 4));
        fixture.Write(2);
        var cut = fixture.Finish(() => log.AppendBarrierAsync("snap-1", default));
        var second = new SealDecision(2, first.End, cut, [8], 5);
        fixture.Finish(() => log.AppendSealAsync(second, default));
        fixture.Finish(() => log.AppendResizeAsync(2 << 20, default));
        fixture.Crash();

        log = fixture.LogUnderTest;
        Assert.Equal((1L, first.End, 4L), (log.Committed.Sequence, log.Committed.LogEnd, log.Committed.Epoch));
        Assert.Equal(first.Digest, log.Committed.Digest);
        var seal = Assert.Single(log.Seals);
        Assert.Equal((2L, second.First, cut, 5L), (seal.Sequence, seal.First, seal.End, seal.Epoch));
        Assert.Equal(second.Digest, seal.Digest);
        Assert.Equal([new BarrierPoint("snap-1", cut)], log.Barriers);
        Assert.Equal(5, log.LastEpoch);
        Assert.Equal(2 << 20, log.VolumeSizeBytes);
        Assert.Equal(2, log.Generation);
    }

    [Fact]
    public void A_commit_beyond_the_durable_end_is_refused_and_older_news_ignored()
    {
        var fixture = new LogFixture();
        fixture.Write(1);
        Assert.Throws<ArgumentOutOfRangeException>(() => fixture.LogUnderTest.MarkCommitted(new CommittedPoint(1, fixture.LogUnderTest.End, [], 1)));
        fixture.Sync();
        fixture.LogUnderTest.MarkCommitted(new CommittedPoint(2, fixture.LogUnderTest.End, [2], 1));
        fixture.LogUnderTest.MarkCommitted(new CommittedPoint(1, 0, [1], 1));
        Assert.Equal(2, fixture.LogUnderTest.Committed.Sequence);
    }

    [Fact]
    public void A_log_of_another_volume_and_a_second_log_are_refused()
    {
        var fixture = new LogFixture();
        Assert.Throws<IOException>(() => Log.Create(fixture.Disk, fixture.Options, 1 << 20));
        var other = fixture.Disk.Restart(new SimulatedDiskPlan());
        var refused = Assert.Throws<LogCorruptException>(() => Log.Open(other, fixture.Options with { VolumeId = "vol-other" }));
        Assert.Contains("vol-0123456789", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_disk_refuses_a_new_log_instead_of_promising_space()
    {
        var disk = new SimulatedDisk(new Random(1), new SimulatedDiskPlan { CapacityPages = 20 });
        var full = Assert.Throws<DiskFaultException>(() => Log.Create(disk, LogFixture.Default, 1 << 20));
        Assert.Equal((int)DeviceError.NoSpace, full.Errno);
        Assert.False(Log.Exists(disk));
    }

    private static LogAnchor Anchor(LogFixture fixture, long end)
    {
        using var cursor = fixture.LogUnderTest.OpenCursor(fixture.LogUnderTest.AppliedAnchor);
        while (cursor.Anchor.Position < end)
            Assert.Null(cursor.ReadNext(end));
        return cursor.Anchor;
    }
}
