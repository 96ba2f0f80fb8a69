using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.GatewayAgent.Identity;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>Reads TLS files and makes of them what a handshake needs (docs/protocols/nbd.md, TLS).</summary>
internal static class NbdTlsIdentity
{
    private const string ServerPurpose = "1.3.6.1.5.5.7.3.1";
    private const string ClientPurpose = "1.3.6.1.5.5.7.3.2";

    /// <summary>Null when the files cannot be used; every reason is added to <paramref name="faults"/>.</summary>
    public static NbdTlsSetup? Load(NbdTlsFiles files, ICollection<string> faults)
    {
        var before = faults.Count;
        var chain = ReadCertificates(files.CertificateFile, "certificate", faults);
        var leaf = chain is { Count: > 0 } ? ReadKey(chain[0], files, faults) : null;
        if (leaf is not null && !IsFor(leaf, ServerPurpose))
            faults.Add($"the NBD certificate '{files.CertificateFile}' is not for servers: clients would refuse it");
        var clientCa = files.ClientCaFile is { } file ? ReadCertificates(file, "client CA", faults) : null;
        foreach (var ca in clientCa ?? [])
        {
            if (ca.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault() is not { CertificateAuthority: true })
                faults.Add($"the NBD client CA file '{files.ClientCaFile}' holds '{ca.Subject}', which is no CA: a single client's certificate lets nobody in");
        }
        var revocations = files.ClientRevocationFile is { } revoked && clientCa is not null ? NbdRevocations.Load(revoked, clientCa, faults) : null;
        if (faults.Count > before || leaf is null || chain is null)
            return null;
        chain.RemoveAt(0);
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(leaf, chain, offline: true),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ClientCertificateRequired = clientCa is not null,
            AllowRenegotiation = false,
            // A resumed session would let a client in whose certificate is not looked at again.
            AllowTlsResume = false,
            CertificateChainPolicy = clientCa is null ? null : PolicyOf(clientCa),
            RemoteCertificateValidationCallback = clientCa is null
                ? static (_, _, _, _) => true
                : (_, certificate, chain, errors) => certificate is not null && errors == SslPolicyErrors.None
                    && (revocations is null || chain is null || !chain.ChainElements.Any(element => revocations.Has(element.Certificate))),
        };
        return new NbdTlsSetup(options, new DateTimeOffset(leaf.NotAfter.ToUniversalTime()), revocations?.Until);
    }

    private static X509ChainPolicy PolicyOf(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(authorities);
        policy.ApplicationPolicy.Add(new Oid(ClientPurpose));
        return policy;
    }

    private static X509Certificate2Collection? ReadCertificates(string file, string meaning, ICollection<string> faults)
    {
        try
        {
            var found = new X509Certificate2Collection();
            found.ImportFromPemFile(file);
            if (found.Count > 0)
                return found;
            faults.Add($"the NBD {meaning} file '{file}' holds no certificate");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            faults.Add($"the NBD {meaning} file '{file}' cannot be read: {error.Message}");
        }
        return null;
    }

    private static X509Certificate2? ReadKey(X509Certificate2 certificate, NbdTlsFiles files, ICollection<string> faults)
    {
        try
        {
            KeyFileMode.Check(files.KeyFile);
            // The key of a certificate made from PEM is usable for TLS as it is on this platform.
            return X509Certificate2.CreateFromPem(certificate.ExportCertificatePem(), File.ReadAllText(files.KeyFile));
        }
        catch (IdentityException error)
        {
            faults.Add(error.Message);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            faults.Add($"the NBD key '{files.KeyFile}' is not the unencrypted key of the first certificate in '{files.CertificateFile}': {error.Message}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            faults.Add($"the NBD key '{files.KeyFile}' cannot be read: {error.Message}");
        }
        return null;
    }

    /// <summary>A certificate that names no purposes is for all.</summary>
    private static bool IsFor(X509Certificate2 certificate, string purpose) =>
        certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().FirstOrDefault() is not { } usage
        || usage.EnhancedKeyUsages.Cast<Oid>().Any(oid => oid.Value == purpose);
}
