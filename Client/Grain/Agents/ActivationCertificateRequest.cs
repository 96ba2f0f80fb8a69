using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Client.Grain.Agents;

/// <summary>Body of <c>POST /agent/v1/activation/certificate</c> (mission 4, step 9).</summary>
/// <param name="SessionId">The session.</param>
/// <param name="ActivationKey">The activation key, which names the session's secret once more.</param>
/// <param name="CertificateRequest">
/// PKCS#10, DER, base64 in JSON; subject CN = gateway id, O = account id, signed with the session's private key.
/// </param>
public sealed record ActivationCertificateRequest(string SessionId, Secret ActivationKey, byte[] CertificateRequest);
