using System.Security.Cryptography.X509Certificates;

namespace Tidegate.GatewayAgent.Identity;

/// <summary>What the agent presents to the service and whom it trusts there.</summary>
/// <param name="Customer">Account and gateway.</param>
/// <param name="Certificate">The gateway's certificate with its private key.</param>
/// <param name="Authorities">The service's CAs, pinned at activation.</param>
internal sealed record GatewayCredential(CustomerInformation Customer, X509Certificate2 Certificate, X509Certificate2Collection Authorities) : IDisposable
{
    public void Dispose()
    {
        Certificate.Dispose();
        foreach (var authority in Authorities) authority.Dispose();
    }
}
