namespace Tidegate.Grains.Interfaces.Activation;

/// <summary>A gateway's credential: certificate and the service's CA, both PEM.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.issued-certificate")]
public sealed record IssuedCertificate(
    [property: Id(0)] string CertificatePem,
    [property: Id(1)] string CaPem,
    [property: Id(2)] DateTimeOffset ExpiresAt);
