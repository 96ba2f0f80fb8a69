using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Silo.Link;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

/// <summary>The pace at which breaches reach the audit.</summary>
public sealed class BreachLedgerTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly BreachLedger _ledger = new();

    [Fact]
    public void The_first_breach_of_a_gateway_is_written_at_once_and_the_others_once_an_interval_with_their_count()
    {
        Assert.Equal(1, _ledger.Note("gw", Breach(0), Start)!.Count);
        for (var number = 1; number <= 10_000; number++) Assert.Null(_ledger.Note("gw", Breach(number), Start.AddMilliseconds(number)));
        Assert.Empty(_ledger.Due(Start + BreachLedger.Interval - TimeSpan.FromTicks(1)));
        var (gateway, summed) = Assert.Single(_ledger.Due(Start + BreachLedger.Interval));
        Assert.Equal(("gw", 10_000, "rule 10000", Start.AddMilliseconds(1), Start.AddMilliseconds(10_000)), (gateway, summed.Count, summed.Rule, summed.Since, summed.Until));
        Assert.Empty(_ledger.Due(Start + BreachLedger.Interval));
    }

    [Fact]
    public void A_gateway_that_was_quiet_for_an_interval_begins_anew_and_others_are_not_held_up()
    {
        Assert.NotNull(_ledger.Note("gw", Breach(0), Start));
        Assert.NotNull(_ledger.Note("other", Breach(0), Start));
        Assert.Empty(_ledger.Due(Start + BreachLedger.Interval));
        Assert.NotNull(_ledger.Note("gw", Breach(1), Start + BreachLedger.Interval));
    }

    [Fact]
    public void What_could_not_be_written_is_written_later_and_counts()
    {
        var first = _ledger.Note("gw", Breach(0), Start)!;
        Assert.Null(_ledger.Note("gw", Breach(1), Start.AddSeconds(1)));
        _ledger.GiveBack("gw", first, Start.AddSeconds(2));
        var (_, summed) = Assert.Single(_ledger.Due(Start + BreachLedger.Interval));
        Assert.Equal((2, Start, "rule 1"), (summed.Count, summed.Since, summed.Rule));
    }

    [Fact]
    public void Memory_is_bounded_by_the_number_of_gateways()
    {
        for (var number = 0; number < BreachLedger.MaxGateways; number++) Assert.NotNull(_ledger.Note($"gw-{number}", Breach(0), Start));
        Assert.Null(_ledger.Note("one more", Breach(0), Start));
        Assert.Null(_ledger.Note("gw-0", Breach(1), Start));
    }

    [Fact]
    public void What_a_client_wrote_is_cut_and_made_plain()
    {
        Assert.Equal("a??b?", BreachAudit.Bounded("a\r\nb\u202E"));
        Assert.Equal(LinkBreaches.MaxTextLength, BreachAudit.Bounded(new string('x', 70_000)).Length);
    }

    private static LinkBreaches Breach(int number) =>
        new("frame", $"rule {number}", 1, Start.AddMilliseconds(number), Start.AddMilliseconds(number), "192.0.2.1:1", "client");
}
