namespace Tidegate.Client.Developers;

/// <summary>Body of <c>POST /v1/link/certificates</c>; the API key says who asks.</summary>
/// <param name="CertificateRequest">PKCS#10 in DER for an ECDSA P-256 key pair that stays with the client.</param>
public sealed record DeveloperCertificateRequest(byte[] CertificateRequest);
