namespace Tidegate.Client.Grain.Agents;

/// <summary>Body of <c>POST /agent/v1/certificate/renew</c> (<c>docs/protocols/link.md</c>, Certificates). The certificate of the TLS connection says whose successor it is.</summary>
/// <param name="CertificateRequest">PKCS#10, DER, base64 in JSON, signed with a new private key; of its content the key alone is taken.</param>
public sealed record CertificateRenewalRequest(byte[] CertificateRequest);
