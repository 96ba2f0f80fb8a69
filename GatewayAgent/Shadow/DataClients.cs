using System.Security.Cryptography.X509Certificates;
using Tidegate.Client.Proxies;
using Tidegate.Client.Rest;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>
/// HTTP clients for bulk data, one for each kind of trust (<c>docs/protocols/volume-data.md</c>, Tickets): the service's data endpoint
/// is trusted by the service's own authority and nothing else, whatever the machine trusts (M3.4); a public blob store by the
/// authorities of the machine.
/// </summary>
internal sealed class DataClients(HttpClient service, HttpClient store)
{
    /// <summary>Up to <paramref name="connections"/> connections a host; <paramref name="authority"/> gives the service's CAs, which may change. Names are always checked.</summary>
    public static DataClients Create(Func<X509Certificate2Collection> authority, int connections, Dialler dialler) =>
        new(Client(PinnedTrust.CreateHandler(authority), connections, dialler), Client(PinnedTrust.CreateHandler(caFile: null), connections, dialler));

    /// <summary>The client to carry out a ticket with; throws <c>Internal</c> for a URL that is not what the ticket's trust allows.</summary>
    public HttpClient For(BlobTicket ticket)
    {
        var scheme = Uri.TryCreate(ticket.Url, UriKind.Absolute, out var url) ? url.Scheme : "";
        return (ticket.Trust, scheme) switch
        {
            (TicketTrust.ServiceAuthority, "https") => service,
            (TicketTrust.SystemAuthorities, "https") or (TicketTrust.PlainHttp, "http") => store,
            // The URL itself is a credential, and is not shown.
            _ => throw new TidegateException(
                ErrorCodes.Internal,
                $"The ticket for blob '{ticket.BlobKey}' has a URL of scheme '{scheme}', which its trust ({ticket.Trust}) does not allow.",
                "The agent and the service disagree about the protocol; compare their versions."),
        };
    }

    private static HttpClient Client(SocketsHttpHandler handler, int connections, Dialler dialler)
    {
        handler.MaxConnectionsPerServer = connections;
        // Attempts carry their own time limit.
        return new HttpClient(GatheredSends.Attach(dialler.AttachTo(handler), dialler)) { Timeout = Timeout.InfiniteTimeSpan };
    }
}
