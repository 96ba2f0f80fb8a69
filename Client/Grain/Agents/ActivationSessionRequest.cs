using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Client.Grain.Agents;

/// <summary>Body of <c>POST /agent/v1/activation/sessions</c> (mission 4, step 2).</summary>
/// <param name="PublicKey">The agent's ECDSA P-256 public key, SubjectPublicKeyInfo, base64 in JSON.</param>
/// <param name="Metadata">What the agent says of its machine.</param>
/// <param name="Signature">
/// ECDSA SHA-256 signature (IEEE P1363 form, 64 bytes) over <paramref name="PublicKey"/>'s bytes: proof of possession (M4.3).
/// </param>
public sealed record ActivationSessionRequest(byte[] PublicKey, GatewayMetadata Metadata, byte[] Signature);
