namespace Tidegate.Grains.Security;

/// <summary>Puts gateway certificates out of force for the whole service; the host implements it over the state store (M3.8, I9).</summary>
public interface ICertificateRevocations
{
    /// <summary>
    /// Returns once the revocations are durable. Every silo refuses the certificates within five seconds from then, whether or
    /// not it can be told at once. Repeating it is harmless.
    /// </summary>
    Task RevokeAsync(IReadOnlyList<RevokedCertificate> certificates);
}
