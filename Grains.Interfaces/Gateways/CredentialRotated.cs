namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>The link is open with another credential.</summary>
/// <param name="Thumbprint">The certificate in use: SHA-256 of its DER form, hexadecimal.</param>
/// <param name="ExpiresAt">End of its validity.</param>
[GenerateSerializer, Immutable, Alias("tidegate.credential-rotated")]
public sealed record CredentialRotated([property: Id(0)] string Thumbprint, [property: Id(1)] DateTimeOffset ExpiresAt) : RequestResult;
