using System.Security.Cryptography;

namespace Tidegate.GatewayAgent.Activation;

/// <summary>A public key in a form that people compare: <c>SHA256:</c> and the base64 of the hash of its SubjectPublicKeyInfo, unpadded.</summary>
internal static class KeyFingerprint
{
    public static string Of(byte[] subjectPublicKeyInfo) => "SHA256:" + Convert.ToBase64String(SHA256.HashData(subjectPublicKeyInfo)).TrimEnd('=');
}
