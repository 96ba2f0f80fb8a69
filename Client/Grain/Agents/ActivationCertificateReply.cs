namespace Tidegate.Client.Grain.Agents;

/// <summary>The gateway's credential (mission 4, step 10).</summary>
/// <param name="CertificatePem">The certificate, for exactly the session's public key.</param>
/// <param name="CaPem">The service's CA, which the agent pins from now on.</param>
/// <param name="ExpiresAt">When the certificate ends.</param>
public sealed record ActivationCertificateReply(string CertificatePem, string CaPem, DateTimeOffset ExpiresAt);
