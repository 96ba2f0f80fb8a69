using Tidegate.GatewayAgent.Shadow;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;
using Xunit;

namespace Tidegate.Tests.Unit.Shadow;

/// <summary>Whom an agent trusts with a ticket (<c>docs/protocols/volume-data.md</c>, Tickets).</summary>
public sealed class DataClientsTests
{
    private readonly HttpClient _service = new();
    private readonly HttpClient _store = new();

    [Theory]
    [InlineData(TicketTrust.ServiceAuthority, "https://agents.test/data/v1/a?ticket=secret", true)]
    [InlineData(TicketTrust.SystemAuthorities, "https://acme.blob.core.windows.net/tidegate/a?sig=secret", false)]
    [InlineData(TicketTrust.PlainHttp, "http://127.0.0.1:10000/acme/tidegate/a?sig=secret", false)]
    public void The_ticket_names_the_trust(TicketTrust trust, string url, bool isService) =>
        Assert.Same(isService ? _service : _store, new DataClients(_service, _store).For(Ticket(trust, url)));

    [Theory]
    [InlineData(TicketTrust.ServiceAuthority, "http://agents.test/data/v1/a?ticket=secret")]
    [InlineData(TicketTrust.SystemAuthorities, "http://acme.blob.core.windows.net/tidegate/a?sig=secret")]
    [InlineData(TicketTrust.PlainHttp, "https://acme.blob.core.windows.net/tidegate/a?sig=secret")]
    [InlineData(TicketTrust.PlainHttp, "file:///secret")]
    [InlineData(TicketTrust.SystemAuthorities, "secret")]
    [InlineData((TicketTrust)3, "https://acme.blob.core.windows.net/tidegate/a?sig=secret")]
    public void Anything_else_is_refused_without_showing_the_url(TicketTrust trust, string url)
    {
        var error = Assert.Throws<TidegateException>(() => new DataClients(_service, _store).For(Ticket(trust, url)));
        Assert.Equal(ErrorCodes.Internal, error.Code);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    private static BlobTicket Ticket(TicketTrust trust, string url) =>
        new("a", "GET", url, new Dictionary<string, string>(), DateTimeOffset.UnixEpoch, "", trust);
}
