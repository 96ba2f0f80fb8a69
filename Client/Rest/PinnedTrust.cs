using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Client.Grain;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Client.Rest;

/// <summary>
/// HTTPS that trusts exactly the CAs of one PEM file (M3.4): the server's name and validity are checked as always, the
/// system's own CAs count for nothing.
/// </summary>
public static class PinnedTrust
{
    /// <summary>
    /// A handler that pins the file's CAs, or uses the system's for null, and presents <paramref name="clientCertificate"/>
    /// when there is one. Throws <see cref="TidegateException"/> <c>InvalidArgument</c> when the file holds no certificate.
    /// </summary>
    public static SocketsHttpHandler CreateHandler(string? caFile, X509Certificate2? clientCertificate = null)
    {
        var handler = caFile is null ? CreateHandler() : CreateHandler(LoadRoots(caFile));
        if (clientCertificate is not null)
        {
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(clientCertificate, additionalCertificates: null, offline: true);
        }
        return handler;
    }

    /// <summary>A handler that pins <paramref name="roots"/>. Connections are renewed every few minutes, so that a balancer may move them.</summary>
    public static SocketsHttpHandler CreateHandler(X509Certificate2Collection roots)
    {
        var handler = CreateHandler();
        handler.SslOptions.CertificateChainPolicy = CreatePolicy(roots);
        return handler;
    }

    /// <summary>The same with CAs that may change: each handshake asks for those of its moment.</summary>
    public static SocketsHttpHandler CreateHandler(Func<X509Certificate2Collection> roots)
    {
        ArgumentNullException.ThrowIfNull(roots);
        var handler = CreateHandler();
        // The platform has judged the name, and the chain by its own CAs, which say nothing here.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, server, _, errors) =>
            (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) == SslPolicyErrors.None
            && server is X509Certificate2 presented && CertificateTrust.IsTrusted(presented, roots(), CertificateTrust.ServerUsage, TimeProvider.System);
        return handler;
    }

    private static SocketsHttpHandler CreateHandler() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    };

    /// <summary>The certificates of a PEM file; throws <see cref="TidegateException"/> <c>InvalidArgument</c> when there is none.</summary>
    public static X509Certificate2Collection LoadRoots(string caFile)
    {
        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPemFile(caFile);
        }
        catch (Exception error) when (error is IOException or CryptographicException or UnauthorizedAccessException)
        {
            throw new TidegateException(ErrorCodes.InvalidArgument, $"The CA file '{caFile}' cannot be read: {error.Message}", "Give the PEM file that the service wrote as ca.pem.");
        }
        if (roots.Count == 0)
            throw new TidegateException(ErrorCodes.InvalidArgument, $"The CA file '{caFile}' holds no certificate.", "Give the PEM file that the service wrote as ca.pem.");
        return roots;
    }

    private static X509ChainPolicy CreatePolicy(X509Certificate2Collection roots)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(roots);
        return policy;
    }
}
