using Microsoft.Extensions.Time.Testing;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Link;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

/// <summary>What a silo knows of revocations and for how long that is worth something (I9).</summary>
public sealed class RevocationTableTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly RevocationTable _table;

    public RevocationTableTests() => _table = new RevocationTable(_time);

    private IRevokedCertificates Judge => _table;

    [Fact]
    public void I9_Before_the_first_read_nobody_is_let_in() =>
        Assert.Equal(ErrorCodes.Unavailable, Assert.Throws<TidegateException>(Judge.RequireCurrent).Code);

    [Theory, InlineData(3900, true), InlineData(4000, true), InlineData(4100, false)]
    public void I9_A_copy_counts_for_four_seconds_from_the_beginning_of_its_read(int milliseconds, bool isCurrent)
    {
        var begun = _table.Begin();
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds - 1000));
        _table.Confirm(begun);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(isCurrent, _table.IsCurrent);
        _table.Confirm(_table.Begin());
        Judge.RequireCurrent();
    }

    [Fact]
    public void Every_revocation_is_new_once_and_is_found_in_either_case_of_its_thumbprint()
    {
        Assert.Equal(["AA", "BB"], _table.Take([Row(3, "AA"), Row(7, "BB")]));
        Assert.Equal(["CC"], _table.Take([Row(7, "BB"), Row(9, "CC")]));
        Assert.Equal(9, _table.Position);
        Assert.True(_table.IsRevoked("aa"));
        Assert.False(_table.IsRevoked("DD"));
    }

    [Fact]
    public void A_certificate_that_has_expired_needs_no_entry()
    {
        _table.Take([Row(1, "AA"), new Revocation(2, "BB", DateTimeOffset.MaxValue)]);
        _time.Advance(TimeSpan.FromHours(3));
        _table.Trim();
        Assert.False(_table.IsRevoked("AA"));
        Assert.True(_table.IsRevoked("BB"));
        Assert.Equal(2, _table.Position);
    }

    private Revocation Row(long position, string thumbprint) => new(position, thumbprint, _time.GetUtcNow().AddHours(1));
}
