namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>
/// One connection of a gateway: who terminates it, and whose it is (M1.2, M1.4; <c>docs/protocols/link.md</c>, holder). In
/// memory alone, at the silo that owns the socket and in the gateway's grain.
/// </summary>
/// <param name="Silo">The silo that terminates the TLS connection.</param>
/// <param name="Thumbprint">SHA-256 thumbprint of the certificate that opened it.</param>
/// <param name="ClientId">The Orleans client id that it announced; see <see cref="LinkHello.ClientId"/>.</param>
/// <param name="Generation">Issued by the gateway's grain; a newer connection of the gateway has a greater one. Not the link's generation, which counts streams.</param>
[GenerateSerializer, Immutable, Alias("tidegate.link-holding")]
public sealed record LinkHolding(
    [property: Id(0)] SiloAddress Silo,
    [property: Id(1)] string Thumbprint,
    [property: Id(2)] string ClientId,
    [property: Id(3)] long Generation);
