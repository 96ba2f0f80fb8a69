namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>The link that the agent holds.</summary>
/// <param name="Endpoint">Address of the server that terminates it.</param>
/// <param name="Generation">Counts this gateway's links.</param>
/// <param name="Since">When it was opened.</param>
internal sealed record LinkStatus(string Endpoint, long Generation, DateTimeOffset Since);
