namespace Tidegate.GatewayAgent.Identity;

/// <summary>What the claim bound this machine to (mission 4, step 8); <c>identity/customer.json</c>.</summary>
/// <param name="AccountId">The owning account.</param>
/// <param name="GatewayId">This gateway.</param>
/// <param name="Name">Its name at activation; the desired configuration carries the current one.</param>
/// <param name="TimeZone">Its IANA time zone at activation.</param>
internal sealed record CustomerInformation(string AccountId, string GatewayId, string Name, string TimeZone);
