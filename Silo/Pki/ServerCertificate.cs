using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.Silo.Pki;

/// <summary>
/// A certificate that this silo presents: issued at start, and anew when another CA has become the current one or two thirds of its life are over, so that neither a
/// rollover nor a long run needs a restart. Thread-safe.
/// </summary>
/// <param name="authority">Issues it.</param>
/// <param name="time">Clock.</param>
/// <param name="issue">Issues one; it is this object's to dispose.</param>
public sealed class ServerCertificate(CertificateAuthority authority, TimeProvider time, Func<X509Certificate2> issue)
{
    private readonly Lock _gate = new();
    private X509Certificate2? _certificate;
    private SslStreamCertificateContext? _context;
    private string _issuer = "";

    /// <summary>The certificate for a handshake that begins now. Throws <see cref="CaException"/> only when there is none yet.</summary>
    public SslStreamCertificateContext Context
    {
        get
        {
            lock (_gate)
            {
                if (_certificate is not null && _issuer == authority.Certificate.Thumbprint && time.GetUtcNow() < RenewAt(_certificate)) return _context!;
                try
                {
                    // The one before is still in use by handshakes under way; there are few, and they are the collector's.
                    (_issuer, _certificate) = (authority.Certificate.Thumbprint, issue());
                    _context = SslStreamCertificateContext.Create(_certificate, null, offline: true);
                }
                catch (CaException) when (_context is not null && time.GetUtcNow() < _certificate!.NotAfter)
                {
                    // The signer is away: what there is is still good, and the next handshake tries again.
                    _issuer = "";
                }

                return _context!;
            }
        }
    }

    /// <summary>The same, for servers that want the certificate itself.</summary>
    public X509Certificate2 Certificate => Context.TargetCertificate;

    private static DateTimeOffset RenewAt(X509Certificate2 certificate) => certificate.NotBefore + ((certificate.NotAfter - certificate.NotBefore) * (2.0 / 3));
}
