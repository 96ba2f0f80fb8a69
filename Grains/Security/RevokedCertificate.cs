namespace Tidegate.Grains.Security;

/// <summary>A certificate that counts no more.</summary>
/// <param name="Thumbprint">SHA-256 of its DER form, hexadecimal in either case.</param>
/// <param name="ExpiresAt">End of its own validity; from then on it needs no entry.</param>
public sealed record RevokedCertificate(string Thumbprint, DateTimeOffset ExpiresAt);
