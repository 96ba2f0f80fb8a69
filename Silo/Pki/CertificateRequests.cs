using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.Silo.Pki;

/// <summary>Reads what clients ask certificates with.</summary>
internal static class CertificateRequests
{
    private const int MaxBytes = 8192;

    /// <summary>The ECDSA P-256 key of a PKCS#10 request that is signed by it; null, and what is wrong with it, for any other.</summary>
    public static PublicKey? ReadKey(byte[] certificateRequest, out string fault)
    {
        fault = "";
        if (certificateRequest.Length > MaxBytes)
        {
            fault = $"The certificate request has {certificateRequest.Length} bytes; at most {MaxBytes} are read.";
            return null;
        }

        PublicKey asked;
        try
        {
            // Loading verifies the request's signature with the key inside it.
            asked = CertificateRequest.LoadSigningRequest(certificateRequest, HashAlgorithmName.SHA256).PublicKey;
        }
        catch (Exception error) when (error is CryptographicException or NotSupportedException or ArgumentException)
        {
            fault = $"The certificate request is not a PKCS#10 request signed by its own key: {error.Message}";
            return null;
        }

        using var key = asked.GetECDsaPublicKey();
        if (key is { KeySize: 256 } && key.ExportParameters(false).Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value) return asked;
        fault = "The certificate request's key is not ECDSA P-256.";
        return null;
    }
}
