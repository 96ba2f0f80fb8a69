using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.Silo.Pki;

/// <summary>
/// Where the private CA's key lives (M3.5). The file provider keeps it in the state directory; a provider over a hardware
/// module or a key service takes its place without any other change, because nothing else ever sees the key.
/// </summary>
public interface ICaKeyProvider
{
    /// <summary>The CA's self-signed certificate, without its key.</summary>
    X509Certificate2 Certificate { get; }

    /// <summary>Signs <paramref name="request"/> as the CA. Serial number: 128 random bits.</summary>
    X509Certificate2 Sign(CertificateRequest request, DateTimeOffset notBefore, DateTimeOffset notAfter);

    /// <summary>
    /// A secret derived from nothing but made once and kept beside the CA's key, the same for every silo that shares the CA:
    /// <paramref name="lengthBytes"/> bytes (16 to 64) under <paramref name="name"/>.
    /// </summary>
    byte[] GetSecret(string name, int lengthBytes);

    /// <summary>Name of the algorithm that <see cref="Sign"/> uses, for logs.</summary>
    HashAlgorithmName Algorithm { get; }
}
