namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>
/// The CAs of the service, which the agent trusts from now on in place of those that it trusted. It stores them and says so by
/// <see cref="IGatewayLinkGrain.TrustStored"/> (<c>docs/protocols/link.md</c>, CA rollover).
/// </summary>
/// <param name="AuthoritiesPem">Certificates, PEM; never empty.</param>
[GenerateSerializer, Immutable, Alias("tidegate.link-trust")]
public sealed record LinkTrust([property: Id(0)] string AuthoritiesPem) : LinkFrame;
