using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Tidegate.Silo.Pki;

namespace Tidegate.Silo.Hosting;

/// <summary>TLS of the API's and the console's listeners: 1.3, and 1.2 for tools that have no newer, with forward secrecy and authenticated encryption in either.</summary>
internal static class ApiTls
{
    private static readonly TlsCipherSuite[] Suites =
    [
        TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256, TlsCipherSuite.TLS_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ];

    /// <summary>Sets versions and ciphers.</summary>
    public static void Configure(HttpsConnectionAdapterOptions https, ServerCertificate certificate)
    {
        https.ServerCertificateSelector = (_, _) => certificate.Certificate;
        https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
        // Elsewhere the system alone decides on ciphers.
        if (!OperatingSystem.IsLinux()) return;
        var policy = new CipherSuitesPolicy(Suites);
        https.OnAuthenticate = (_, options) => options.CipherSuitesPolicy = policy;
    }
}
