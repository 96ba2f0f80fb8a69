namespace Tidegate.Client.Rest.Models;

/// <summary>A gateway in a list; the list is a projection and may be a moment behind (<c>GET /v1/gateways</c>).</summary>
/// <param name="GatewayId">The gateway.</param>
/// <param name="Name">Its name.</param>
/// <param name="TimeZone">IANA time zone of its schedules.</param>
/// <param name="CreatedAt">Service time of its activation.</param>
public sealed record GatewaySummary(string GatewayId, string Name, string TimeZone, DateTimeOffset CreatedAt);
