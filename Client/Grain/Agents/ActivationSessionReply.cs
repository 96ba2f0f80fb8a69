using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Client.Grain.Agents;

/// <summary>Answer to the opening of an activation session (mission 4, step 3).</summary>
/// <param name="ActivationKey">128 random bits in Crockford base32, grouped for people; single use.</param>
/// <param name="SessionId">Lower-case hexadecimal SHA-256 of the ungrouped upper-case key.</param>
/// <param name="AdvertiseUntil">The agent stops showing the key at this time (M4.1: 30 minutes).</param>
/// <param name="PollSeconds">Seconds between polls, before the agent's own jitter.</param>
public sealed record ActivationSessionReply(Secret ActivationKey, string SessionId, DateTimeOffset AdvertiseUntil, double PollSeconds)
{
    /// <summary>Where the service's console takes activation keys; null from a service that has none.</summary>
    public Uri? ConsoleUrl { get; init; }
}
