namespace Tidegate.Client.Rest.Models;

/// <summary>A gateway's link is open with another credential; the old one is revoked.</summary>
/// <param name="Thumbprint">The certificate in use: SHA-256 of its DER form, hexadecimal.</param>
/// <param name="ExpiresAt">End of its validity.</param>
public sealed record CredentialRotatedView(string Thumbprint, DateTimeOffset ExpiresAt);
