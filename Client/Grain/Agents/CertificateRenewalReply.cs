namespace Tidegate.Client.Grain.Agents;

/// <summary>The gateway's next credential.</summary>
/// <param name="CertificatePem">The certificate, for exactly the key of the request.</param>
/// <param name="ExpiresAt">When it ends.</param>
public sealed record CertificateRenewalReply(string CertificatePem, DateTimeOffset ExpiresAt);
