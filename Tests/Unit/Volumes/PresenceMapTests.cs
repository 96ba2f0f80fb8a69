using Tidegate.GatewayAgent.Volumes;
using Tidegate.Tests.Kit.Disks;
using Xunit;

namespace Tidegate.Tests.Unit.Volumes;

/// <summary>The presence map alone (<c>docs/formats/presence-map.md</c>).</summary>
public sealed class PresenceMapTests
{
    private const string VolumeId = "vol-00000000000000000021";
    private const string SnapshotId = "snap-00000000000000000021";
    // 5000 blocks and three sectors: several pages, the last block short.
    private const long SizeBytes = 5000L * 65536 + 3 * 4096;

    [Fact]
    public void Marks_are_there_after_a_crash_only_when_they_were_settled_and_synced()
    {
        var disk = new SimulatedDisk(new Random(1), new SimulatedDiskPlan());
        using (var map = Open(disk))
        {
            map.MarkWritten(7, 0x00f0);
            map.Sync();
            map.MarkFetched(8, 0xffff);
            map.MarkFetched(5000, 0x0001);
            map.SettleFetched(map.CollectFetched());
            map.Sync();
            map.MarkFetched(9, 0x0001);
            Assert.Equal(0x0001, map.Mask(9));
            Assert.Equal((4 + 16 + 1 + 1) * 4096, map.PresentBytes);
        }
        using var after = Open(disk.Restart(new SimulatedDiskPlan()));
        Assert.Equal(0x00f0, after.Mask(7));
        Assert.Equal(0xffff, after.Mask(8));
        Assert.Equal(0xfff9, after.Mask(5000));
        Assert.Equal(0, after.Mask(9));
        Assert.Equal((4 + 16 + 1) * 4096, after.PresentBytes);
    }

    [Fact]
    public void A_volume_that_grew_meanwhile_keeps_its_map_and_its_new_end_was_never_absent()
    {
        var disk = new SimulatedDisk(new Random(4), new SimulatedDiskPlan());
        using (var map = Open(disk))
        {
            map.MarkWritten(7, 0x00f0);
            map.Sync();
        }
        using (var grown = PresenceMap.Open(disk, VolumeId, SnapshotId, SizeBytes + (1 << 20), wasServed: true))
            CompleteGrown(grown);
        Assert.Throws<InvalidDataException>(() => PresenceMap.Open(disk, VolumeId, SnapshotId, SizeBytes - 4096, wasServed: true).Dispose());
    }

    private static void CompleteGrown(PresenceMap grown)
    {
        Assert.Equal(SizeBytes, grown.SizeBytes);
        Assert.Equal(0x00f0, grown.Mask(7));
        Assert.Equal(0xfff8, grown.Mask(5000));
        Assert.Equal(0xffff, grown.Mask(5001));
        grown.MarkWritten(5001, 0x0001);
        grown.MarkZero(0, 5002);
        Assert.Equal(-1, grown.NextAbsent(0));
        grown.Sync();
        grown.Complete();
    }

    [Fact]
    public void The_next_absent_block_skips_what_is_present_in_any_way()
    {
        using var map = Open(new SimulatedDisk(new Random(2), new SimulatedDiskPlan()));
        map.MarkZero(0, 4100);
        Assert.Equal(4100, map.NextAbsent(0));
        map.MarkFetched(4100, 0xffff);
        map.MarkWritten(4101, 0x7fff);
        Assert.Equal(4101, map.NextAbsent(0));
        map.MarkZero(4101, 899);
        Assert.Equal(5000, map.NextAbsent(0));
        map.MarkFetched(5000, 0x0007);
        Assert.Equal(-1, map.NextAbsent(0));
        Assert.Equal(SizeBytes, map.PresentBytes);
    }

    [Fact]
    public void Complete_is_refused_until_every_sector_is_settled_and_holds_after_a_crash()
    {
        var disk = new SimulatedDisk(new Random(3), new SimulatedDiskPlan());
        using (var map = Open(disk))
        {
            map.MarkZero(0, 5000);
            map.MarkFetched(5000, 0x0007);
            Assert.Throws<InvalidOperationException>(map.Complete);
            map.SettleFetched(map.CollectFetched());
            map.Sync();
            map.Complete();
        }
        using var after = Open(disk.Restart(new SimulatedDiskPlan()));
        Assert.True(after.IsComplete);
        Assert.Equal(SizeBytes, after.PresentBytes);
        Assert.Equal(-1, after.NextAbsent(0));
    }

    [Fact]
    public void A_map_of_another_volume_or_with_a_damaged_header_is_refused()
    {
        var disk = new SimulatedDisk(new Random(4), new SimulatedDiskPlan());
        Open(disk).Dispose();
        Assert.Contains("another volume", Assert.Throws<InvalidDataException>(() => PresenceMap.Open(disk, VolumeId, "snap-other", SizeBytes, wasServed: false)).Message, StringComparison.Ordinal);
        disk.Corrupt(PresenceMap.FileName, 20);
        Assert.Contains("damaged", Assert.Throws<InvalidDataException>(() => Open(disk)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_map_that_is_missing_empty_or_cut_is_never_taken_for_a_new_one_once_the_volume_was_served()
    {
        var disk = new SimulatedDisk(new Random(6), new SimulatedDiskPlan());
        Assert.Throws<InvalidDataException>(() => Open(disk, wasServed: true));
        Assert.False(disk.Exists(PresenceMap.FileName));
        foreach (var length in new[] { 0, 100, 4096 })
        {
            Open(disk).Dispose();
            var bytes = new byte[length];
            using (var file = disk.Open(PresenceMap.FileName))
                file.Read(0, bytes);
            disk.Delete(PresenceMap.FileName);
            using (var file = disk.Open(PresenceMap.FileName))
                file.Write(0, bytes);
            Assert.Contains("damaged", Assert.Throws<InvalidDataException>(() => Open(disk, wasServed: true)).Message, StringComparison.Ordinal);
            disk.Delete(PresenceMap.FileName);
        }
        using (var file = disk.Open(PresenceMap.FileName, 16384))
            file.Write(0, new byte[4096]);
        Assert.Throws<InvalidDataException>(() => Open(disk, wasServed: true));
        // Nothing was served yet: a crash had come between making the map and writing it.
        Open(disk).Dispose();
    }

    [Fact]
    public void A_map_under_random_marks_agrees_with_a_plain_model()
    {
        var random = new Random(5);
        var disk = new SimulatedDisk(new Random(5), new SimulatedDiskPlan());
        var model = new ushort[5001];
        var map = Open(disk);
        for (var step = 0; step < 20_000; step++)
        {
            var block = random.Next(model.Length);
            var mask = (ushort)random.Next(65536);
            switch (random.Next(4))
            {
                case 0:
                    map.MarkWritten(block, mask);
                    model[block] |= mask;
                    break;
                case 1:
                    map.MarkFetched(block, mask);
                    model[block] |= mask;
                    break;
                case 2 when step % 50 == 0:
                    map.SettleFetched(map.CollectFetched());
                    map.Sync();
                    break;
                case 3 when step % 400 == 0:
                    map.SettleFetched(map.CollectFetched());
                    map.Sync();
                    map.Dispose();
                    map = Open(disk);
                    break;
            }
            Assert.Equal(Expected(model, block), map.Mask(block));
        }
        var sectors = Enumerable.Range(0, model.Length).Sum(block => ushort.PopCount(block == 5000 ? (ushort)(model[block] & 7) : model[block]));
        Assert.Equal(sectors * 4096L, map.PresentBytes);
        map.Dispose();
    }

    private static ushort Expected(ushort[] model, int block) => block == 5000 ? (ushort)(model[block] | 0xfff8) : model[block];

    private static PresenceMap Open(SimulatedDisk disk, bool wasServed = false) => PresenceMap.Open(disk, VolumeId, SnapshotId, SizeBytes, wasServed);
}
