namespace Tidegate.Silo.Link;

/// <summary>A row of the revocation table.</summary>
/// <param name="Position">Order of revocation.</param>
/// <param name="Thumbprint">SHA-256 of the certificate, upper-case hexadecimal.</param>
/// <param name="ExpiresAt">End of the certificate's own validity.</param>
internal sealed record Revocation(long Position, string Thumbprint, DateTimeOffset ExpiresAt);
