using Tidegate.Grains.Interfaces.Activation;

namespace Tidegate.Client.Grain.Agents;

/// <summary>Answer to a poll.</summary>
/// <param name="State">Whether it was claimed.</param>
/// <param name="Claim">The customer information; null while pending.</param>
public sealed record ActivationPollReply(ActivationPollState State, ActivationClaim? Claim = null);
