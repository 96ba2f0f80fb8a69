namespace Tidegate.Grains.Interfaces.Activation;

/// <summary>A gateway's credential: certificate and the service's CAs, both PEM.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.issued-certificate")]
public sealed record IssuedCertificate(
    [property: Id(0)] string CertificatePem,
    [property: Id(1)] string CaPem,
    [property: Id(2)] DateTimeOffset ExpiresAt)
{
    /// <summary>Thumbprint of the CA that issued it: SHA-256 of its DER form, lower-case hexadecimal; empty when it was issued before that was noted.</summary>
    [Id(3)] public string Authority { get; init; } = "";
}
