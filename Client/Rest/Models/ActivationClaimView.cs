namespace Tidegate.Client.Rest.Models;

/// <summary>What a claim bound together (mission 4, step 7).</summary>
/// <param name="AccountId">The account that owns the gateway from now on.</param>
/// <param name="GatewayId">The gateway.</param>
/// <param name="Name">Its name.</param>
/// <param name="TimeZone">Its time zone.</param>
public sealed record ActivationClaimView(string AccountId, string GatewayId, string Name, string TimeZone);
