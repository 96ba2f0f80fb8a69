using System.Buffers.Text;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Api;
using Xunit;

namespace Tidegate.Tests.Unit.Silo;

public sealed class PageTokensTests
{
    private readonly PageTokens _tokens = new(new byte[32]);

    [Fact]
    public void A_token_leads_back_to_its_place() =>
        Assert.Equal(["2026-01-01", "gw-1"], _tokens.Read("gateways", _tokens.Write("gateways", "2026-01-01", "gw-1")));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Without_a_token_the_list_begins(string? token) => Assert.Null(_tokens.Read("gateways", token));

    [Fact]
    public void A_token_of_another_list_or_service_is_refused()
    {
        var token = _tokens.Write("gateways of 1", "x");
        AssertRefused(_tokens, "gateways of 2", token);
        AssertRefused(new PageTokens([.. Enumerable.Repeat((byte)9, 32)]), "gateways of 1", token);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("not base64!")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void What_is_no_token_is_refused(string token) => AssertRefused(_tokens, "gateways", token);

    [Fact]
    public void A_token_with_any_byte_changed_is_refused()
    {
        var bytes = Base64Url.DecodeFromChars(_tokens.Write("gateways", "a", "b"));
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= 1;
            AssertRefused(_tokens, "gateways", Base64Url.EncodeToString(bytes));
            bytes[i] ^= 1;
        }
    }

    private static void AssertRefused(PageTokens tokens, string list, string token) =>
        Assert.Equal(ErrorCodes.InvalidArgument, Assert.Throws<TidegateException>(() => tokens.Read(list, token)).Code);
}
