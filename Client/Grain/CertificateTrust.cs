using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.Client.Grain;

/// <summary>
/// Trust in the service's own CA and nothing else, for both ends of the link (<c>docs/protocols/link.md</c>, TLS). The
/// system's CAs never count; TLS 1.3 is the only version spoken.
/// </summary>
public static class CertificateTrust
{
    /// <summary>Extended key usage of certificates that serve.</summary>
    public static readonly Oid ServerUsage = new("1.3.6.1.5.5.7.3.1", "serverAuth");
    /// <summary>Extended key usage of gateways' certificates.</summary>
    public static readonly Oid ClientUsage = new("1.3.6.1.5.5.7.3.2", "clientAuth");

    /// <summary>
    /// Extended key usage of developers' certificates: a number of our own (of a random UUID), so that nothing else in the world takes them for its
    /// clients' and that they never pass where gateways' do, nor those where these do.
    /// </summary>
    public static readonly Oid DeveloperUsage = new("2.25.260883318170917923250118343639434416658", "tidegateDeveloper");

    /// <summary>Whether <paramref name="certificate"/> is a developer's client's of these roots, valid now.</summary>
    public static bool IsTrustedDeveloper(X509Certificate2 certificate, X509Certificate2Collection roots, TimeProvider time) =>
        IsTrusted(certificate, roots, DeveloperUsage, time);

    /// <summary>Whether <paramref name="certificate"/> is a gateway certificate of these roots, valid now.</summary>
    public static bool IsTrustedClient(X509Certificate2 certificate, X509Certificate2Collection roots, TimeProvider time) =>
        IsTrusted(certificate, roots, ClientUsage, time);

    /// <summary>
    /// TLS options of a client: pins <paramref name="roots"/> and <paramref name="serverName"/>, presents
    /// <paramref name="certificate"/>. Good for any number of handshakes: each is judged by the time it happens at.
    /// </summary>
    public static SslClientAuthenticationOptions CreateClientOptions(
        X509Certificate2Collection roots, string serverName, X509Certificate2? certificate, TimeProvider time) => new()
        {
            TargetHost = serverName,
            EnabledSslProtocols = SslProtocols.Tls13,
            ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, null, offline: true),
            AllowTlsResume = false,
            // The platform has judged the name, and the chain by its own CAs, which say nothing here.
            RemoteCertificateValidationCallback = (_, server, _, errors) =>
                (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) == SslPolicyErrors.None
                && server is X509Certificate2 presented && IsTrusted(presented, roots, ServerUsage, time),
        };

    /// <summary>
    /// TLS options of the link port, which demands a gateway's or a developer's client certificate of <paramref name="roots"/>. Resumption is off: every
    /// connection proves possession of its key anew.
    /// </summary>
    public static SslServerAuthenticationOptions CreateServerOptions(
        SslStreamCertificateContext server, X509Certificate2Collection roots, TimeProvider time) => new()
        {
            ServerCertificateContext = server,
            ClientCertificateRequired = true,
            EnabledSslProtocols = SslProtocols.Tls13,
            AllowTlsResume = false,
            AllowRenegotiation = false,
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                certificate is X509Certificate2 client && (IsTrustedClient(client, roots, time) || IsTrustedDeveloper(client, roots, time)),
        };

    /// <summary>Chained to the roots and nothing else, in time, made for the usage.</summary>
    public static bool IsTrusted(X509Certificate2 certificate, X509Certificate2Collection roots, Oid usage, TimeProvider time)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        chain.ChainPolicy.ApplicationPolicy.Add(usage);
        var trusted = chain.Build(certificate);
        foreach (var element in chain.ChainElements) element.Certificate.Dispose();
        return trusted;
    }
}
