using Tidegate.Grains.Interfaces.Activation;

namespace Tidegate.Grains.Gateways;

/// <summary>The newest certificate of a renewal, kept until a link is opened with it: an agent that lost the answer gets the same again.</summary>
/// <param name="Thumbprint">The certificate's.</param>
/// <param name="KeyHash">SHA-256 of its public key, hexadecimal: the same key gets the same certificate.</param>
/// <param name="Issued">The answer.</param>
[GenerateSerializer, Immutable, Alias("tidegate.state.renewed-certificate")]
internal sealed record RenewedCertificate([property: Id(0)] string Thumbprint, [property: Id(1)] string KeyHash, [property: Id(2)] IssuedCertificate Issued);
