namespace Tidegate.GatewayAgent.Nbd;

/// <summary>A client broke a rule that leaves nothing to answer: the connection is closed and the message, which names the rule, is logged.</summary>
internal sealed class NbdProtocolException(string message) : Exception(message);
