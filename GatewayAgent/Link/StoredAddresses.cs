namespace Tidegate.GatewayAgent.Link;

/// <summary>What <c>link/addresses.json</c> holds.</summary>
/// <param name="AgentsUrls">Agents' listeners of silos, newest first.</param>
internal sealed record StoredAddresses(IReadOnlyList<Uri> AgentsUrls);
