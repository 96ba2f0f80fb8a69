using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>HTTP clients that trust one certificate authority and nothing else, whatever the machine trusts (M3.4).</summary>
internal static class PinnedHttpClient
{
    /// <summary>
    /// A client for bulk data: up to <paramref name="connections"/> connections a host, renewed every few minutes so that a
    /// balancer may move them. <paramref name="authority"/> is the service's CA; the server's name is checked as well.
    /// </summary>
    public static HttpClient ForData(X509Certificate2Collection authority, int connections)
    {
        var handler = new SocketsHttpHandler
        {
            MaxConnectionsPerServer = connections,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ConnectTimeout = TimeSpan.FromSeconds(10),
            AllowAutoRedirect = false,
            UseProxy = false,
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            },
        };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(authority);
        // Attempts carry their own time limit.
        return new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }
}
