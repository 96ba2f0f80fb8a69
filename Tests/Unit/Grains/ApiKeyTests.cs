using Tidegate.Grains.Accounts;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;
using Xunit;

namespace Tidegate.Tests.Unit.Grains;

public sealed class ApiKeyTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly string Secret = new('s', 43);
    private const string KeyId = "key-0123456789abcdef0123";

    private static ApiKeyState Created(TimeSpan? lifetime = null, DateTimeOffset? makerEndsAt = null, params string[] volumes) => ApiKeyMachine.Create(
        new ApiKeyState(), "123456789012", new ApiKeyTerms("label", Role.AccountAdmin, lifetime, volumes), makerEndsAt, ApiKeyMachine.HashOf(Secret), Start).Next!;

    [Fact]
    public void A_key_stands_for_its_account_until_it_expires()
    {
        var key = Created(TimeSpan.FromHours(1));
        var caller = ApiKeyMachine.Authenticate(key, KeyId, ApiKeyMachine.HashOf(Secret), Start);
        Assert.Equal(new Caller(Role.AccountAdmin, "123456789012", "", KeyId) { ExpiresAt = Start.AddHours(1) }, caller);
        Assert.Null(ApiKeyMachine.Authenticate(key, KeyId, ApiKeyMachine.HashOf(Secret), Start.AddHours(1)));
    }

    [Fact]
    public void A_key_ends_no_later_than_the_one_that_made_it()
    {
        var end = Start.AddHours(1);
        Assert.Equal(end, Created(null, end).ExpiresAt);
        Assert.Equal(end, Created(TimeSpan.FromDays(1), end).ExpiresAt);
        Assert.Equal(Start.AddMinutes(5), Created(TimeSpan.FromMinutes(5), end).ExpiresAt);
        Assert.Equal(Start.AddDays(1), Created(TimeSpan.FromDays(1)).ExpiresAt);
        Assert.Null(Created().ExpiresAt);
    }

    [Fact]
    public void A_bound_key_covers_its_volumes_and_nothing_that_belongs_to_none()
    {
        const string one = "vol-00000000000000000001", two = "vol-00000000000000000002";
        var caller = ApiKeyMachine.Authenticate(Created(null, null, two, one, two), KeyId, ApiKeyMachine.HashOf(Secret), Start)!;
        Assert.Equal($"{one},{two}", caller.Volumes);
        Assert.True(caller.Covers(one) && caller.Covers(two));
        Assert.False(caller.Covers("vol-00000000000000000003") || caller.Covers("") || caller.Covers(one[..^1]) || caller.Covers($"{one},{two}"));
        Assert.True(new Caller(Role.Reader, "123456789012", "", KeyId).Covers(""));
    }

    [Theory]
    [InlineData(Role.None, "label", 0, 0)]
    [InlineData(Role.Agent, "label", 0, 0)]
    [InlineData((Role)99, "label", 0, 0)]
    [InlineData(Role.Reader, "two\nlines", 0, 0)]
    [InlineData(Role.Reader, "label", -1, 0)]
    [InlineData(Role.Reader, "label", 3651, 0)]
    [InlineData(Role.Reader, "label", 0, 17)]
    [InlineData(Role.Operator, "label", 0, 1)]
    public void Terms_that_no_key_has_are_refused(Role role, string label, int days, int volumes)
    {
        var terms = new ApiKeyTerms(label, role, days == 0 ? null : TimeSpan.FromDays(days), [.. Enumerable.Range(0, volumes).Select(number => $"vol-{number:x20}")]);
        Assert.Equal(ErrorCodes.InvalidArgument, Assert.Throws<TidegateException>(() => ApiKeyMachine.Check(terms)).Code);
    }

    [Fact]
    public void A_wrong_secret_a_revoked_key_and_no_key_at_all_stand_for_nobody()
    {
        Assert.Null(ApiKeyMachine.Authenticate(Created(), KeyId, ApiKeyMachine.HashOf("wrong"), Start));
        Assert.Null(ApiKeyMachine.Authenticate(ApiKeyMachine.Revoke(Created(), Start).Next!, KeyId, ApiKeyMachine.HashOf(Secret), Start));
        Assert.Null(ApiKeyMachine.Authenticate(new ApiKeyState(), KeyId, ApiKeyMachine.HashOf(Secret), Start));
    }

    [Fact]
    public void The_text_of_a_key_is_taken_apart_as_it_was_put_together()
    {
        Assert.True(ApiKeyText.TryParse(ApiKeyText.Format(KeyId, Secret), out var id, out var secret));
        Assert.Equal((KeyId, Secret), (id, secret));
        foreach (var bad in new[] { null, "", "tgk_", ApiKeyText.Format(KeyId, Secret)[1..], ApiKeyText.Format("key-0123456789ABCDEF0123", Secret) })
            Assert.False(ApiKeyText.TryParse(bad, out _, out _));
    }
}
