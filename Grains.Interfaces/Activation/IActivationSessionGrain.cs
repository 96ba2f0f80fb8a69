using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Grains.Interfaces.Activation;

/// <summary>
/// One activation attempt (mission 4, <c>docs/protocols/activation.md</c>). Key: the session id, which is the lower-case
/// hexadecimal SHA-256 of the activation key, so that the key itself is stored nowhere (M4.1).
/// </summary>
[GrainInterfaceType("tidegate.activation"), Alias("tidegate.activation")]
public interface IActivationSessionGrain : IGrainWithStringKey
{
    /// <summary>Step 2-3: opens the session for a public key. A session that exists already is refused.</summary>
    [Alias("begin")]
    Task<ActivationStarted> Begin(byte[] publicKey, GatewayMetadata metadata);

    /// <summary>Step 6, before confirming: what is about to be activated.</summary>
    [Alias("preview")]
    Task<ActivationPreview> Preview();

    /// <summary>Steps 6-7: binds the session to the caller's account and a name. Of parallel claims exactly one wins; the winner may repeat it.</summary>
    [Alias("claim")]
    Task<ActivationClaim> Claim(string name, string timeZone);

    /// <summary>Step 8: the agent asks whether it was claimed. <paramref name="signature"/> signs <c>tidegate-poll:{sessionId}</c> with the session's private key (M4.3).</summary>
    [Alias("poll")]
    Task<ActivationClaim?> Poll(byte[] signature);

    /// <summary>Steps 9-10: issues the certificate for exactly the session's public key. Repeating it with the same request returns a certificate again while the session lives.</summary>
    [Alias("issue")]
    Task<IssuedCertificate> Issue(byte[] certificateRequest, string activationKey);
}
