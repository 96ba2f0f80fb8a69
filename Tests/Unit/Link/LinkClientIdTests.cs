using Tidegate.Client.Grain.Agents;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

/// <summary>A client id says whose it is.</summary>
public sealed class LinkClientIdTests
{
    private const string Gateway = "gw-0123456789abcdef0123";

    [Fact]
    public void A_fresh_id_is_its_gateways_and_no_other_ones()
    {
        var id = LinkClientId.New(Gateway);
        Assert.True(LinkClientId.BelongsTo(id, Gateway));
        Assert.False(LinkClientId.BelongsTo(id, "gw-0123456789abcdef0124"));
        Assert.NotEqual(id, LinkClientId.New(Gateway));
    }

    [Theory]
    [InlineData(null), InlineData(""), InlineData("gw-0123456789abcdef0123"), InlineData("gw-0123456789abcdef0123-")]
    [InlineData("gw-0123456789abcdef0123-0123456789abcdef0123456789abcde")]
    [InlineData("gw-0123456789abcdef0123-0123456789abcdef0123456789abcdef0")]
    [InlineData("gw-0123456789abcdef0123-0123456789ABCDEF0123456789abcdef")]
    [InlineData("gw-0123456789abcdef0123-0123456789abcdef0123456789abcde+")]
    [InlineData("gw-0123456789abcdef0123+0123456789abcdef0123456789abcdef")]
    [InlineData("hosted-0123456789abcdef-0123456789abcdef0123456789abcdef")]
    public void Anything_else_is_nobodys(string? id) => Assert.False(LinkClientId.BelongsTo(id, Gateway));
}
