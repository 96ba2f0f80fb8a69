using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Tests.Kit.Disks;
using Xunit;
using Log = Tidegate.GatewayAgent.WriteLog.WriteLog;

namespace Tidegate.Tests.Unit.WriteLog;

/// <summary>Rules 4 and 5 of <c>docs/formats/write-log.md</c>.</summary>
public sealed class LogRecoveryTests
{
    private const int RecordBytes = LogFixture.Sector + LogRecordHeader.Bytes;

    [Fact]
    public void Damage_to_a_record_that_a_later_one_calls_durable_is_corruption()
    {
        var fixture = new LogFixture();
        fixture.Write(1);
        fixture.Sync();
        fixture.Write(2);
        fixture.Sync();
        var thrown = Assert.Throws<LogCorruptException>(() => fixture.Crash(damage: disk => disk.Corrupt(Log.FileName, LogFile.DataStart + 500)));
        Assert.Contains("record 1 at position 0", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damage_to_the_last_synced_record_looks_like_a_torn_tail()
    {
        // Nothing durable says that it was durable; this is what rule 4 can and cannot know.
        var fixture = new LogFixture();
        fixture.Write(1);
        fixture.Sync();
        fixture.Write(2);
        fixture.Sync();
        var replayed = fixture.Crash(damage: disk => disk.Corrupt(Log.FileName, LogFile.DataStart + RecordBytes + 500));
        Assert.Single(replayed);
        Assert.Equal(RecordBytes, fixture.LogUnderTest.End);
    }

    [Fact]
    public void Once_opened_even_the_last_record_is_known_to_be_durable()
    {
        var fixture = new LogFixture();
        fixture.Write(1);
        fixture.Sync();
        fixture.Crash();
        Assert.Throws<LogCorruptException>(() => fixture.Crash(damage: disk => disk.Corrupt(Log.FileName, LogFile.DataStart + 10)));
    }

    [Fact]
    public void Leftovers_beyond_a_torn_tail_never_come_back()
    {
        var fixture = new LogFixture();
        for (var i = 1; i <= 4; i++)
            fixture.Write(i);
        fixture.Sync();
        // The second record is torn; the third and fourth lie beyond it, whole.
        var replayed = fixture.Crash(damage: disk => disk.Corrupt(Log.FileName, LogFile.DataStart + RecordBytes + 9));
        Assert.Single(replayed);
        fixture.Write(2);
        fixture.Sync();
        // Same sequence, same bytes, same length as before: only generation and previous CRC tell them apart.
        replayed = fixture.Crash();
        Assert.Equal([1L, 2L], replayed.Select(record => record.Sequence));
        Assert.Equal([1L, 2L], replayed.Select(record => record.Generation));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_damaged_copy_of_the_superblock_is_corruption_whichever_it_is(int slot)
    {
        var fixture = new LogFixture();
        fixture.Write(1);
        fixture.Sync();
        fixture.Crash();
        // The other copy may be the older one: its watermark lies before space that was written over, and what it calls the end was passed long ago.
        Assert.Throws<LogCorruptException>(() => fixture.Crash(damage: disk => disk.Corrupt(Log.FileName, slot * LogSuperblock.SlotBytes + 100)));
    }

    [Fact]
    public void Every_torn_tail_leaves_a_prefix()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var fixture = new LogFixture();
            var random = new Random(seed);
            fixture.Write(0);
            fixture.Sync();
            for (var i = 1; i <= 7; i++)
                fixture.Write(i);
            for (var skip = random.Next(20); skip > 0; skip--)
                fixture.Disk.Random.Next();
            var replayed = fixture.Crash(new SimulatedDiskPlan());
            Assert.InRange(replayed.Count, 1, 8);
            for (var i = 0; i < replayed.Count; i++)
                Assert.Equal(LogFixture.Bytes(i), replayed[i].Data.ToArray());
        }
    }
}
