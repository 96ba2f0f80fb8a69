namespace Tidegate.Grains.Gateways;

/// <summary>A certificate issued to a gateway.</summary>
/// <param name="Thumbprint">SHA-256 of the certificate, hexadecimal, as the link's guard computes it.</param>
/// <param name="ExpiresAt">End of its validity.</param>
/// <param name="IssuedAt">Service time of its issue; null when it was issued before that was noted.</param>
/// <param name="MustBeReplaced">True since somebody asked for another one: it is revoked as soon as its successor is in use.</param>
/// <param name="Authority">Thumbprint of the CA that issued it; empty when it was issued before that was noted.</param>
/// <param name="RetiresAt">From then on it counts no more, because a successor is in use; null while it is not decided.</param>
[GenerateSerializer, Immutable, Alias("tidegate.state.gateway-certificate")]
internal sealed record GatewayCertificate(
    [property: Id(0)] string Thumbprint,
    [property: Id(1)] DateTimeOffset ExpiresAt,
    [property: Id(2)] DateTimeOffset? IssuedAt = null,
    [property: Id(3)] bool MustBeReplaced = false,
    [property: Id(4)] DateTimeOffset? RetiresAt = null,
    [property: Id(5)] string Authority = "")
{
    /// <summary>True while it opens links.</summary>
    public bool CountsAt(DateTimeOffset now) => ExpiresAt > now && !(RetiresAt <= now);

    /// <summary>True for this certificate; case of the digits does not matter.</summary>
    public bool Is(string thumbprint) => string.Equals(Thumbprint, thumbprint, StringComparison.OrdinalIgnoreCase);
}
