namespace Tidegate.Client.Grain.Agents;

/// <summary>Whether a customer has claimed an activation session.</summary>
public enum ActivationPollState
{
    /// <summary>Not yet; poll again.</summary>
    Pending = 0,
    /// <summary>Claimed; the answer carries the claim.</summary>
    Claimed = 1,
}
