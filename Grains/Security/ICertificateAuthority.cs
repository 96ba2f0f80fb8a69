using Tidegate.Grains.Interfaces.Activation;

namespace Tidegate.Grains.Security;

/// <summary>Issues gateway certificates; the host implements it over the CA key's provider (M3.5, activation step 10).</summary>
public interface ICertificateAuthority
{
    /// <summary>Thumbprint of the CA that issues now: SHA-256 of its DER form, lower-case hexadecimal.</summary>
    string Authority { get; }

    /// <summary>Over how long the gateways' certificates are replaced once another CA issues; each has a random moment in it.</summary>
    TimeSpan ChangeSpread => TimeSpan.FromMinutes(5);

    /// <summary>The certificates of all CAs that are trusted now, PEM.</summary>
    string TrustedPem { get; }

    /// <summary>
    /// Checks the PKCS#10 request's self-signature, that its key is exactly <paramref name="expectedPublicKey"/> (SPKI), and
    /// issues a client certificate naming account and gateway. Throws <c>ActivationKeyInvalid</c> otherwise.
    /// </summary>
    Task<IssuedCertificate> IssueGatewayCertificateAsync(byte[] certificateRequest, byte[] expectedPublicKey, string accountId, string gatewayId);
}
