namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Asks the agent for a new key pair and certificate, and to open its link with them; its result is a <see cref="CredentialRotated"/> (M1.10).</summary>
[GenerateSerializer, Immutable, Alias("tidegate.request-rotate-credential")]
public sealed record RotateCredentialRequest : GatewayRequest
{
    /// <summary>Thumbprints of the certificates to replace: an agent that uses another one has done so already.</summary>
    [Id(0)] public required IReadOnlyList<string> Replaced { get; init; }
}
