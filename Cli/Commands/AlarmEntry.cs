namespace Tidegate.Cli.Commands;

/// <summary>Alarms of one volume that are raised, and whose gateway tells or would tell of them.</summary>
/// <param name="GatewayId">The gateway.</param>
/// <param name="GatewayName">Its name.</param>
/// <param name="IsConnected">False when the gateway is away: then the service raised them itself.</param>
/// <param name="VolumeId">The volume.</param>
/// <param name="Alarms">Which, as the API names them.</param>
/// <param name="ChangedAt">Since when they are these.</param>
internal sealed record AlarmEntry(string GatewayId, string GatewayName, bool IsConnected, string VolumeId, IReadOnlyList<string> Alarms, DateTimeOffset ChangedAt);
