using Xunit;

namespace Tidegate.Tests.Cluster.StateStores;

/// <summary>The reminders half.</summary>
public abstract partial class StateStoreContract
{
    [Fact]
    public async Task A_reminder_is_read_back_and_its_etag_moves_with_each_change()
    {
        var reminder = Reminder("a", "tick");
        var first = await Providers.Reminders.UpsertRow(reminder);
        reminder.Period = TimeSpan.FromDays(40);
        var second = await Providers.Reminders.UpsertRow(reminder);
        Assert.NotEqual(first, second);

        var read = (await Providers.Reminders.ReadRow(reminder.GrainId, "tick"))!;
        Assert.Equal(reminder.GrainId, read.GrainId);
        Assert.Equal(TimeSpan.FromDays(40), read.Period);
        Assert.Equal(reminder.StartAt, DateTime.SpecifyKind(read.StartAt, DateTimeKind.Utc));
        Assert.Equal(second, read.ETag);
    }

    [Fact]
    public async Task A_reminder_is_removed_only_with_its_newest_etag()
    {
        var reminder = Reminder("a", "tick");
        var first = await Providers.Reminders.UpsertRow(reminder);
        var second = await Providers.Reminders.UpsertRow(reminder);
        Assert.False(await Providers.Reminders.RemoveRow(reminder.GrainId, "tick", first!));
        Assert.True(await Providers.Reminders.RemoveRow(reminder.GrainId, "tick", second!));
        Assert.Null(await Providers.Reminders.ReadRow(reminder.GrainId, "tick"));
    }

    [Fact]
    public async Task The_reminders_of_one_grain_are_its_own()
    {
        await Providers.Reminders.UpsertRow(Reminder("a", "one"));
        await Providers.Reminders.UpsertRow(Reminder("a", "two"));
        await Providers.Reminders.UpsertRow(Reminder("b", "three"));
        var rows = await Providers.Reminders.ReadRows(Reminder("a", "one").GrainId);
        Assert.Equal(["one", "two"], rows.Reminders.Select(row => row.ReminderName).Order());
    }

    [Theory]
    [InlineData(0u, 0x7FFF_FFFFu)]
    [InlineData(0x7FFF_FFFFu, 0u)]
    [InlineData(0x4000_0000u, 0xC000_0000u)]
    [InlineData(0xC000_0000u, 0x4000_0000u)]
    [InlineData(0x1234_5678u, 0x1234_5678u)]
    public async Task A_range_of_the_ring_holds_exactly_the_grains_that_hash_into_it(uint begin, uint end)
    {
        var reminders = Enumerable.Range(0, 60).Select(number => Reminder($"grain-{number}", "tick")).ToList();
        foreach (var reminder in reminders) await Providers.Reminders.UpsertRow(reminder);

        var rows = await Providers.Reminders.ReadRows(begin, end);

        var expected = reminders.Where(reminder => IsInRange(reminder.GrainId.GetUniformHashCode(), begin, end)).Select(reminder => reminder.GrainId.ToString()).Order();
        Assert.Equal(expected, rows.Reminders.Select(row => row.GrainId.ToString()).Order());
    }

    [Fact]
    public async Task Clearing_the_table_leaves_no_reminder()
    {
        await Providers.Reminders.UpsertRow(Reminder("a", "one"));
        await Providers.Reminders.TestOnlyClearTable();
        Assert.Empty((await Providers.Reminders.ReadRows(0u, 0u)).Reminders);
    }

    /// <summary>The ring is (begin, end], wrapping; equal ends mean all of it.</summary>
    private static bool IsInRange(uint hash, uint begin, uint end) =>
        begin == end || (begin < end ? hash > begin && hash <= end : hash > begin || hash <= end);

    private static ReminderEntry Reminder(string grain, string name) => new()
    {
        GrainId = GrainId.Create("thing", grain),
        ReminderName = name,
        StartAt = new DateTime(2026, 1, 2, 3, 4, 5, 600, DateTimeKind.Utc),
        Period = TimeSpan.FromMinutes(1),
    };
}
