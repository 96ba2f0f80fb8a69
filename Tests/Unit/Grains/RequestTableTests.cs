using Tidegate.Grains.Gateways;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Xunit;

namespace Tidegate.Tests.Unit.Grains;

public sealed class RequestTableTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private static RequestReport Report(string id, bool isFinal, double progress = 1, string error = "") => new(id, 1, isFinal, progress, error, "", null);

    [Fact]
    public void M1_9_A_repeated_request_finds_the_first_one_and_its_first_outcome()
    {
        var (table, _, isNew) = RequestTable.Empty.Start("req-1", "describe", Timeout, Start);
        Assert.True(isNew);
        table = table.Report(Report("req-1", false, 0.5)).Report(Report("req-1", true)).Report(Report("req-1", true, 1, "Late"));
        var (_, entry, again) = table.Start("req-1", "describe", Timeout, Start);
        Assert.False(again);
        Assert.Equal("", entry.Outcome!.ErrorCode);
    }

    [Fact]
    public void An_id_used_for_another_operation_is_refused()
    {
        var (table, _, _) = RequestTable.Empty.Start("req-1", "describe", Timeout, Start);
        Assert.Equal(ErrorCodes.InvalidArgument, Assert.Throws<TidegateException>(() => table.Start("req-1", "snapshot", Timeout, Start)).Code);
    }

    [Fact]
    public void I11_The_table_is_bounded_and_forgets()
    {
        var table = RequestTable.Empty;
        for (var i = 0; i < RequestTable.MaxEntries; i++) table = table.Start($"req-{i}", "describe", Timeout, Start).Table;
        Assert.Equal(ErrorCodes.RateLimited, Assert.Throws<TidegateException>(() => table.Start("one-more", "describe", Timeout, Start)).Code);
        var (later, _, _) = table.Start("one-more", "describe", Timeout, Start + Timeout + RequestTable.Remembered);
        Assert.Single(later.Entries);
    }

    [Fact]
    public void What_is_over_makes_room_for_what_is_asked_now()
    {
        var table = RequestTable.Empty;
        for (var i = 0; i < RequestTable.MaxEntries; i++) table = table.Start($"req-{i}", "describe", Timeout, Start).Table;
        table = table.Report(Report("req-7", true));
        table = table.Start("one-more", "snapshot", Timeout, Start).Table;
        Assert.False(table.Entries.ContainsKey("req-7"));
        Assert.Equal(ErrorCodes.RateLimited, Assert.Throws<TidegateException>(() => table.Start("too-many", "describe", Timeout, Start)).Code);
        // Nobody waits for one that is past its deadline.
        Assert.Equal(RequestTable.MaxEntries, table.Start("later", "describe", Timeout, Start + Timeout).Table.Entries.Count);
    }

    [Fact]
    public void A_request_that_failed_is_sent_again_when_it_is_repeated()
    {
        var (table, _, _) = RequestTable.Empty.Start("req-1", "snapshot", Timeout, Start);
        (table, var entry, var isNew) = table.Report(Report("req-1", true, error: ErrorCodes.InvalidState)).Start("req-1", "snapshot", Timeout, Start);
        Assert.True(isNew);
        Assert.Null(entry.Outcome);
        Assert.Equal("", table.Report(Report("req-1", true)).Start("req-1", "snapshot", Timeout, Start).Entry.Outcome!.ErrorCode);
    }

    [Fact]
    public void Progress_never_goes_back()
    {
        var (table, _, _) = RequestTable.Empty.Start("req-1", "describe", Timeout, Start);
        table = table.Report(Report("req-1", false, 0.7)).Report(Report("req-1", false, 0.2)).Report(Report("req-1", false, double.NaN));
        Assert.Equal(0.7, table.Entries["req-1"].Progress);
    }
}
