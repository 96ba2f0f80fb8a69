using Microsoft.Extensions.Time.Testing;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Link;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

public sealed class LinkTokenServiceTests
{
    private static readonly Caller Agent = new(Role.Agent, "123456789012", "gw-00000000000000000001", "gw-00000000000000000001");
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly LinkTokenService _tokens;

    public LinkTokenServiceTests() => _tokens = new LinkTokenService(Key(1), _time);

    [Fact]
    public void A_token_says_what_was_issued_until_it_is_over()
    {
        var (token, expiresAt) = _tokens.Issue(Agent, "AB", "client-1");
        Assert.Equal(new LinkToken(Agent, "AB", "client-1", expiresAt), _tokens.Verify(token));
        _time.Advance(LinkTokenService.Lifetime - TimeSpan.FromSeconds(1));
        Assert.NotNull(_tokens.Verify(token));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(_tokens.Verify(token));
    }

    [Fact]
    public void Every_altered_character_is_a_forgery()
    {
        var (token, _) = _tokens.Issue(Agent, "AB", "client-1");
        for (var at = 0; at < token.Length; at++)
        {
            // The last character of an unpadded group carries bits that decode to nothing; a strict decoder refuses them.
            var forged = token[..at] + (token[at] == 'A' ? 'B' : 'A') + token[(at + 1)..];
            Assert.True(_tokens.Verify(forged) is null, $"the token altered at {at} was believed");
        }
    }

    [Theory, InlineData(null), InlineData(""), InlineData("."), InlineData("a"), InlineData("a.b"), InlineData("..."), InlineData("é.é")]
    public void Malformed_tokens_are_no_tokens(string? token) => Assert.Null(_tokens.Verify(token));

    [Fact]
    public void Another_clusters_key_makes_no_token_here()
    {
        var (token, _) = new LinkTokenService(Key(2), _time).Issue(Agent, "AB", "client-1");
        Assert.Null(_tokens.Verify(token));
        Assert.Null(_tokens.Verify(new string('A', LinkTokenService.MaxTokenCharacters + 1)));
    }

    private static byte[] Key(byte fill)
    {
        var key = new byte[32];
        Array.Fill(key, fill);
        return key;
    }
}
