namespace Tidegate.GatewayAgent.Commands;

/// <summary>No agent answers where one was expected; the message says where, and why.</summary>
internal sealed class AgentNotRunningException(string message, Exception? inner = null) : Exception(message, inner);
