namespace Tidegate.Grains.Gateways;

/// <summary>A certificate issued to a gateway.</summary>
/// <param name="Thumbprint">SHA-256 of the certificate, hexadecimal, as the link's guard computes it.</param>
/// <param name="ExpiresAt">End of its validity.</param>
[GenerateSerializer, Immutable, Alias("tidegate.state.gateway-certificate")]
internal sealed record GatewayCertificate([property: Id(0)] string Thumbprint, [property: Id(1)] DateTimeOffset ExpiresAt);
