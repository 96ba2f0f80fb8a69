using Tidegate.Grains.Accounts;
using Tidegate.Grains.Interfaces.Security;
using Xunit;

namespace Tidegate.Tests.Unit.Grains;

public sealed class ApiKeyTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly string Secret = new('s', 43);
    private const string KeyId = "key-0123456789abcdef0123";

    private static ApiKeyState Created(TimeSpan? lifetime = null) => ApiKeyMachine.Create(
        new ApiKeyState(), "123456789012", "label", Role.Tenant, lifetime, ApiKeyMachine.HashOf(Secret), Start).Next!;

    [Fact]
    public void A_key_stands_for_its_account_until_it_expires()
    {
        var key = Created(TimeSpan.FromHours(1));
        var caller = ApiKeyMachine.Authenticate(key, KeyId, ApiKeyMachine.HashOf(Secret), Start);
        Assert.Equal(new Caller(Role.Tenant, "123456789012", "", KeyId), caller);
        Assert.Null(ApiKeyMachine.Authenticate(key, KeyId, ApiKeyMachine.HashOf(Secret), Start.AddHours(1)));
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
