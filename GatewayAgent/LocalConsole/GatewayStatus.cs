namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>Whom the agent belongs to.</summary>
internal sealed record GatewayStatus(string GatewayId, string AccountId, string Name, DateTimeOffset CertificateExpiresAt);
