using Tidegate.Client.Proxies;
using Xunit;

namespace Tidegate.Tests.Unit.Proxies;

/// <summary>How a proxy is named, and what goes past it.</summary>
public sealed class ProxySettingsTests
{
    [Theory]
    [InlineData("http://proxy.test:3128", "proxy.test", 3128)]
    [InlineData("http://proxy.test", "proxy.test", 80)]
    [InlineData("proxy.test:3128", "proxy.test", 3128)]
    [InlineData("http://[2001:db8::1]:8080/", "2001:db8::1", 8080)]
    public void An_address_is_read(string text, string host, int port)
    {
        Assert.True(ProxySettings.TryParse(text, null, out var proxy, out _));
        Assert.Equal((host, port), (proxy.EndPoint.Host, proxy.EndPoint.Port));
        Assert.Null(proxy.Credential);
    }

    [Fact]
    public void Credentials_are_read_with_their_escapes_and_never_shown()
    {
        Assert.True(ProxySettings.TryParse("http://us%40er:p%3Ass%2Fword@proxy.test:3128", null, out var proxy, out _));
        Assert.Equal(("us@er", "p:ss/word"), (proxy.Credential!.UserName, proxy.Credential.Password));
        Assert.Equal("http://proxy.test:3128", proxy.ToString());
    }

    [Theory]
    [InlineData("https://user:secret@proxy.test")]
    [InlineData("socks5://user:secret@proxy.test")]
    [InlineData("http://user:secret@proxy.test/path")]
    [InlineData("http://user:secret@")]
    [InlineData("http://us%3Aer:secret@proxy.test")]
    public void What_is_no_proxy_is_a_fault_that_does_not_quote_it(string text)
    {
        Assert.False(ProxySettings.TryParse(text, null, out _, out var fault));
        Assert.DoesNotContain("secret", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("example.org", "example.org", 443, true)]
    [InlineData("example.org", "data.Example.org", 443, true)]
    [InlineData(".example.org", "data.example.org", 443, true)]
    [InlineData("*.example.org", "data.example.org", 443, true)]
    [InlineData("example.org", "notexample.org", 443, false)]
    [InlineData("example.org:8443", "example.org", 8443, true)]
    [InlineData("example.org:8443", "example.org", 443, false)]
    [InlineData("10.0.0.0/8", "10.1.2.3", 443, true)]
    [InlineData("10.0.0.0/8", "11.1.2.3", 443, false)]
    [InlineData("10.0.0.0/8", "ten.test", 443, false)]
    [InlineData("192.0.2.7, x.test", "192.0.2.7", 443, true)]
    [InlineData("2001:db8::1", "[2001:db8::1]", 443, true)]
    [InlineData("*", "anything.test", 1, true)]
    [InlineData("", "127.0.0.1", 1, false)]
    public void The_list_of_what_is_reached_directly_says_so(string list, string host, int port, bool isDirect)
    {
        Assert.True(ProxySettings.TryParse("proxy.test", list, out var proxy, out _));
        Assert.Equal(isDirect, proxy.IsDirect(host, port));
    }
}
