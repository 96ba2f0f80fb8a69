using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Link;

/// <summary>
/// What a client's token says (<c>docs/protocols/link.md</c>, layer 4): who it is, for which connection, until when. A token
/// is worth something only together with the certificate and the client id that it names.
/// </summary>
/// <param name="Caller">The identity that grains see.</param>
/// <param name="Thumbprint">SHA-256 thumbprint of the client certificate, upper-case hexadecimal.</param>
/// <param name="ClientId">The Orleans client id that was announced when the token was asked for.</param>
/// <param name="ExpiresAt">Service time.</param>
public sealed record LinkToken(Caller Caller, string Thumbprint, string ClientId, DateTimeOffset ExpiresAt)
{
    /// <summary>End of the certificate; enumerations that were started with it end by then.</summary>
    public DateTimeOffset CertificateExpiresAt { get; init; } = DateTimeOffset.MaxValue;
}
