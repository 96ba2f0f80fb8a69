using System.Security.Cryptography.X509Certificates;
using Tidegate.Client.Rest;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>The HTTP client for bulk data: trusts one certificate authority and nothing else, whatever the machine trusts (M3.4).</summary>
internal static class PinnedHttpClient
{
    /// <summary>Up to <paramref name="connections"/> connections a host; <paramref name="authority"/> is the service's CA, and the server's name is checked as well.</summary>
    public static HttpClient ForData(X509Certificate2Collection authority, int connections)
    {
        var handler = PinnedTrust.CreateHandler(authority);
        handler.MaxConnectionsPerServer = connections;
        handler.UseProxy = false;
        // Attempts carry their own time limit.
        return new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }
}
