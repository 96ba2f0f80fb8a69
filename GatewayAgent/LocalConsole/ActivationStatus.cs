namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>The activation key while it is advertised.</summary>
internal sealed record ActivationStatus(string ActivationKey, string KeyFingerprint, DateTimeOffset Until, string ConsoleUrl);
