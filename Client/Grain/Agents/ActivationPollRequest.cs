namespace Tidegate.Client.Grain.Agents;

/// <summary>Body of <c>POST /agent/v1/activation/poll</c> (mission 4, step 8).</summary>
/// <param name="SessionId">The session.</param>
/// <param name="Signature">
/// ECDSA SHA-256 signature (IEEE P1363 form, 64 bytes) over the ASCII text <c>tidegate-poll:{sessionId}</c>: possession is proved again at
/// pick-up (M4.3).
/// </param>
public sealed record ActivationPollRequest(string SessionId, byte[] Signature);
