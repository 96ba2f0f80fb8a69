namespace Tidegate.GatewayAgent.Volumes;

/// <summary>An export exists and cannot be opened now; the message says why, for the client's people.</summary>
internal sealed class ExportException(string message) : Exception(message);
