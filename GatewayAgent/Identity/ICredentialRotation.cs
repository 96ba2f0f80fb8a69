using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.Identity;

/// <summary>Replaces the gateway's credential because somebody asked for it (M1.10).</summary>
internal interface ICredentialRotation
{
    /// <summary>
    /// Completes when a link is open with a certificate that is none of <paramref name="replaced"/> (thumbprints); at once when it is so already.
    /// </summary>
    Task<CredentialRotated> RotateAsync(IReadOnlyList<string> replaced, CancellationToken cancellationToken);
}
