using System.Security.Cryptography;
using Tidegate.GatewayAgent.Devices;
using Tidegate.Tests.Kit.Disks;
using Xunit;

namespace Tidegate.Tests.Unit.Devices;

/// <summary>The dirty map alone (<c>docs/formats/dirty-map.md</c>).</summary>
public sealed class DirtyMapTests
{
    private const string VolumeId = "vol-00000000000000000001";
    private const string Golden = "963c8ad655af6fea05700c98a77df2a8d746fb3d7a4e8a29af3a275f0f23764e";
    private const int Block = 65536;
    // Three sectors of bits, the last short, and a short last block.
    private const long SizeBytes = 9000L * Block + 4096;
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_format_is_the_document_s()
    {
        var disk = NewDisk();
        using (var map = DirtyMap.Open(disk, VolumeId, 1L << 30, mustTrack: false, TaskScheduler.Default))
        {
            map.Begin(DirtyReason.PastLog, 7, Now);
            map.Mark(0, 1);
            map.Mark(9 * Block, Block);
            map.Mark(4033L * Block, 4096);
            map.Sync();
        }
        var bytes = Read(disk);
        Assert.Equal(DirtyMapFormat.FileBytes(16384), bytes.Length);
        Assert.Equal(Golden, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    [Fact]
    public void Bits_are_there_after_a_crash_once_marking_them_completed()
    {
        var disk = NewDisk();
        var worker = new SeededScheduler(new Random(1));
        var map = Open(disk, worker: worker);
        map.Begin(DirtyReason.PastLog, 3, Now);
        foreach (var (offset, length) in new[] { ((5L * Block) - 1, 2L), (SizeBytes - 1, 1L) })
        {
            var marking = map.MarkAsync(offset, length);
            Assert.False(marking.IsCompleted);
            Assert.True(worker.RunOne());
            Assert.True(marking.IsCompletedSuccessfully);
        }

        var calls = disk.Calls;
        Assert.True(map.MarkAsync(5L * Block, 10).IsCompletedSuccessfully);
        Assert.True(map.MarkAsync(4L * Block, 2 * Block).IsCompletedSuccessfully);
        Assert.Equal(calls, disk.Calls);
        map.Mark(7 * Block, 1);
        Assert.False(map.MarkAsync(7 * Block, 1).IsCompletedSuccessfully);
        using var after = Open(disk.Restart(new SimulatedDiskPlan()));
        Assert.Equal((DirtyReason.PastLog, 3, Now), (after.Reason, after.BaseSequence, after.Since));
        Assert.Equal(4, after.NextDirty(0));
        Assert.Equal(5, after.NextDirty(5));
        Assert.Equal(6, after.RunEnd(4));
        Assert.Contains(after.NextDirty(6), new long[] { 7, 9000 });
        Assert.Equal(9000, after.NextDirty(8));
        Assert.Equal(-1, after.NextDirty(9001));
        Assert.Equal(1, after.CountFrom(8));
    }

    [Fact]
    public void A_crash_at_any_call_leaves_the_round_of_before_or_all_of_the_new_one()
    {
        for (var call = 1; ; call++)
        {
            var disk = new SimulatedDisk(new Random(call), new SimulatedDiskPlan());
            using (var map = Open(disk))
            {
                map.Begin(DirtyReason.PastLog, 1, Now);
                map.Mark(0, 20L * Block);
                map.Sync();
            }
            disk.Plan.CrashAtCall = disk.Calls + call;
            var (ended, begun, marked) = (false, false, false);
            try
            {
                using var map = Open(disk);
                map.End();
                ended = true;
                map.Begin(DirtyReason.Adopted, 2, Now);
                begun = true;
                map.Mark(4000L * Block, 100L * Block);
                map.Sync();
                marked = true;
            }
            catch (SimulatedCrashException)
            {
                // Where it died is what the test looks at.
            }
            using var after = Open(disk.Restart(new SimulatedDiskPlan()));
            if (after.Reason == DirtyReason.PastLog)
                Assert.Equal((false, 20L, 0L), (ended, after.DirtyBlocks, after.NextDirty(0)));
            if (begun)
                Assert.Equal(DirtyReason.Adopted, after.Reason);
            // A sector that was torn has all its bits.
            if (after.Reason == DirtyReason.Adopted)
                Assert.True(after.NextDirty(0) is -1 or >= 4000 || after.RunEnd(0) == 4032);
            if (!marked)
                continue;
            Assert.Equal(100, after.DirtyBlocks);
            return;
        }
    }

    [Fact]
    public void Damage_costs_copies_and_never_hides_a_dirty_block()
    {
        var disk = Made(map => map.Mark(3L * Block, Block));
        disk.Corrupt(DirtyMap.FileName, 4096 + 300);
        using (var map = Open(disk))
        {
            Assert.Equal(4032, map.DirtyBlocks);
            Assert.Equal(0, map.NextDirty(0));
        }
        disk = Made(map => map.Mark(3L * Block, Block));
        disk.Corrupt(DirtyMap.FileName, 20);
        using (var map = Open(disk))
            Assert.Equal((DirtyReason.CameApart, 9001L), (map.Reason, map.DirtyBlocks));
        // What was found whole stays so.
        using (var map = Open(disk))
            Assert.Equal(9001, map.DirtyBlocks);
        disk = Made(map => map.Mark(3L * Block, Block));
        Assert.Equal(9001, DirtyMap.Open(disk, "vol-00000000000000000002", SizeBytes, mustTrack: false, TaskScheduler.Default).DirtyBlocks);
    }

    [Fact]
    public void A_map_that_is_gone_counts_as_dirty_where_the_log_says_that_writes_passed_it()
    {
        using (var map = Open(NewDisk()))
            Assert.False(map.IsTracking);
        using (var map = Open(NewDisk(), mustTrack: true))
            Assert.Equal(9001, map.DirtyBlocks);
        var disk = Made(map => map.End());
        using (var map = Open(disk))
            Assert.Equal((false, -1L, 0L), (map.IsTracking, map.NextDirty(0), map.CountFrom(0)));
        using (var map = Open(disk, mustTrack: true))
            Assert.Equal(9001, map.DirtyBlocks);
    }

    [Fact]
    public void Copies_count_for_their_branch_until_tracking_begins_again()
    {
        var disk = Made(map =>
        {
            map.NoteBranch(12, 40);
            map.NoteCopied(new CopiedPart(12, 2, 33));
            map.NoteBranch(12, 41);
            map.Sync();
        });
        using var map = Open(disk);
        Assert.Equal((40, new CopiedPart(12, 2, 33)), (map.BaseSequence, map.Copied));
        map.NoteBranch(15, 41);
        Assert.Equal((41, new CopiedPart(15, 0, 0)), (map.BaseSequence, map.Copied));
        map.NoteCopied(new CopiedPart(15, 3, 9));
        map.Begin(DirtyReason.CameApart, 50, Now.AddDays(1));
        // What was dirty stays so, relative to the same image, and no branch has any of it.
        Assert.Equal((DirtyReason.PastLog, 41, default(CopiedPart), Now), (map.Reason, map.BaseSequence, map.Copied, map.Since));
        map.Begin(DirtyReason.CameApart, 50, Now, whole: true);
        Assert.Equal((50, 9001), (map.BaseSequence, map.DirtyBlocks));
    }

    [Fact]
    public void A_sync_that_failed_promises_nothing_to_anybody_later()
    {
        var disk = NewDisk();
        using var map = Open(disk);
        map.Begin(DirtyReason.PastLog, 1, Now);
        map.Mark(0, 1);
        disk.Plan.Errors[disk.Calls + 2] = 5;
        Assert.ThrowsAny<IOException>(map.Sync);
        map.Mark(Block, 1);
        Assert.ThrowsAny<IOException>(map.Sync);
    }

    [Fact]
    public void Random_marks_agree_with_a_plain_model_and_growing_adds_none()
    {
        var random = new Random(17);
        var disk = NewDisk();
        var model = new SortedSet<long>();
        var map = Open(disk);
        map.Begin(DirtyReason.PastLog, 1, Now);
        var size = SizeBytes;
        for (var round = 0; round < 300; round++)
        {
            var offset = random.NextInt64(size);
            var length = Math.Min(size - offset, 1 + random.NextInt64(40L * Block));
            map.Mark(offset, length);
            for (var block = offset / Block; block <= (offset + length - 1) / Block; block++)
                model.Add(block);
            if (round % 100 == 50)
            {
                size += 5000L * Block;
                map.Grow(size);
            }
            if (round % 60 == 59)
            {
                map.Sync();
                map.Dispose();
                disk = disk.Restart(new SimulatedDiskPlan());
                map = DirtyMap.Open(disk, VolumeId, size, mustTrack: true, TaskScheduler.Default);
            }
        }
        var found = new List<long>();
        for (var block = map.NextDirty(0); block >= 0; block = map.NextDirty(block + 1))
            found.Add(block);
        Assert.Equal(model, found);
        var from = random.NextInt64(9000);
        Assert.Equal(model.Count(block => block >= from), map.CountFrom(from));
        Assert.Equal(model.Count, map.DirtyBlocks);
        map.Dispose();
    }

    private static SimulatedDisk NewDisk() => new(new Random(5), new SimulatedDiskPlan());

    private static SimulatedDisk Made(Action<DirtyMap> change)
    {
        var disk = NewDisk();
        using var map = Open(disk);
        map.Begin(DirtyReason.PastLog, 1, Now);
        change(map);
        map.Sync();
        return disk;
    }

    private static DirtyMap Open(SimulatedDisk disk, bool mustTrack = false, TaskScheduler? worker = null) =>
        DirtyMap.Open(disk, VolumeId, SizeBytes, mustTrack, worker ?? TaskScheduler.Default);

    private static byte[] Read(SimulatedDisk disk)
    {
        using var file = disk.Open(DirtyMap.FileName);
        var bytes = new byte[file.SizeBytes];
        file.Read(0, bytes);
        return bytes;
    }
}
