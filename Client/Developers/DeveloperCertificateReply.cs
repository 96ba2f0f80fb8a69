namespace Tidegate.Client.Developers;

/// <summary>A short-lived client certificate.</summary>
/// <param name="CertificatePem">The certificate.</param>
/// <param name="CaPem">The CAs that the link port's certificate may be of.</param>
/// <param name="ExpiresAt">End of its validity; the connection ends then too.</param>
public sealed record DeveloperCertificateReply(string CertificatePem, string CaPem, DateTimeOffset ExpiresAt);
