using Tidegate.Client.Grain;
using Tidegate.Client.Grain.Agents;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

/// <summary>Where an agent asks when the silo that it was pointed at is gone.</summary>
public sealed class DiscoveryAddressesTests
{
    private static readonly Uri Configured = new("https://service:8443");
    private readonly DiscoveryAddresses _addresses = new(Configured);

    [Fact]
    public void At_first_only_the_configured_address_is_known() => Assert.Equal([Configured], _addresses.InOrder);

    [Fact]
    public void Whoever_answered_last_is_asked_first_and_every_address_once()
    {
        _addresses.Answered(Configured, Reply("https://a:1", "https://b:1", "https://a:1", "https://service:8443/"));
        Assert.Equal([Configured, new Uri("https://a:1"), new Uri("https://b:1")], _addresses.InOrder);
        _addresses.Answered(new Uri("https://b:1"), Reply("https://b:1", "https://c:1"));
        Assert.Equal([new Uri("https://b:1"), Configured, new Uri("https://c:1"), new Uri("https://a:1")], _addresses.InOrder);
    }

    [Fact]
    public void What_is_no_https_address_is_passed_over_and_the_number_is_bounded()
    {
        _addresses.Answered(Configured, Reply("", "not an address", "http://plain:1"));
        Assert.Equal([Configured], _addresses.InOrder);
        _addresses.Answered(Configured, Reply([.. Enumerable.Range(2, 100).Select(port => $"https://silo:{port}")]));
        Assert.Equal(1 + DiscoveryAddresses.MaxLearned, _addresses.InOrder.Count);
        // The newest names push out the oldest.
        _addresses.Answered(Configured, Reply("https://newest:1"));
        Assert.Equal(new Uri("https://newest:1"), _addresses.InOrder[1]);
        Assert.DoesNotContain(new Uri($"https://silo:{1 + DiscoveryAddresses.MaxLearned}"), _addresses.InOrder);
    }

    [Fact]
    public void What_an_earlier_process_learned_is_known_and_news_alone_are_told()
    {
        var addresses = new DiscoveryAddresses(Configured, [new Uri("https://a:1"), new Uri("http://plain:1"), new Uri("relative", UriKind.Relative)]);
        var told = 0;
        addresses.LearnedMore += (_, _) => told++;
        Assert.Equal([Configured, new Uri("https://a:1")], addresses.InOrder);
        addresses.Answered(Configured, Reply("https://a:1"));
        Assert.Equal(0, told);
        addresses.Answered(Configured, Reply("https://b:1", "https://a:1"));
        Assert.Equal(1, told);
        addresses.Answered(Configured, Reply("https://a:1", "https://b:1"));
        Assert.Equal((1, 2), (told, addresses.Learned.Count));
    }

    private static LinkDiscoveryReply Reply(params string[] agentsUrls) =>
        new("cluster", "service", [.. agentsUrls.Select(url => new LinkEndpoint("127.0.0.1:1", "127.0.0.1:1", "localhost", url))], "token", DateTimeOffset.MaxValue);
}
