namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>What the local page shows.</summary>
/// <param name="Board">State, link and volumes.</param>
/// <param name="Traffic">Throughput of the last minutes.</param>
/// <param name="Diagnostics">Collected for each request.</param>
internal sealed record PageSources(StatusBoard Board, TrafficRecorder Traffic, Func<DiagnosticsDocument> Diagnostics);
