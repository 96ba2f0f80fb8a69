using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Silo.Pki;

namespace Tidegate.Silo.Link;

/// <summary>The certificate that this silo's link port presents, issued at start.</summary>
internal sealed class LinkServerCertificate : IDisposable
{
    private readonly X509Certificate2 _certificate;

    public LinkServerCertificate(CertificateAuthority authority, IEnumerable<string> hostNames)
    {
        _certificate = authority.IssueServerCertificate(hostNames);
        Context = SslStreamCertificateContext.Create(_certificate, null, offline: true);
    }

    public SslStreamCertificateContext Context { get; }

    public void Dispose() => _certificate.Dispose();
}
