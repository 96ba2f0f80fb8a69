using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Grains.Security;

/// <summary>The key that a certificate is requested for.</summary>
/// <param name="PublicKey">SubjectPublicKeyInfo.</param>
/// <param name="Hash">SHA-256 of it, lower-case hexadecimal.</param>
public sealed record RequestedKey(byte[] PublicKey, string Hash)
{
    private const int MaxRequestBytes = 8192;

    /// <summary>Reads a PKCS#10 request; throws <c>InvalidArgument</c> unless its key has signed it.</summary>
    public static RequestedKey Read(byte[] certificateRequest)
    {
        if (certificateRequest is not { Length: > 0 and <= MaxRequestBytes }) throw Invalid($"it has not between 1 and {MaxRequestBytes} bytes");
        try
        {
            var key = CertificateRequest.LoadSigningRequest(certificateRequest, HashAlgorithmName.SHA256).PublicKey.ExportSubjectPublicKeyInfo();
            return new RequestedKey(key, Convert.ToHexStringLower(SHA256.HashData(key)));
        }
        catch (CryptographicException error)
        {
            throw Invalid(error.Message);
        }
    }

    private static TidegateException Invalid(string why) =>
        new(ErrorCodes.InvalidArgument, $"The certificate request is not PKCS#10 (DER) signed by its own key: {why}.", "Make a new key pair and ask again.");
}
