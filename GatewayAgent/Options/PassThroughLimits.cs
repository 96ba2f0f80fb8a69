namespace Tidegate.GatewayAgent.Options;

/// <summary>When writes go past a log that leads nowhere.</summary>
/// <param name="Fill">Share of the log that waits.</param>
/// <param name="Stall">How long nothing has moved, with the log that full.</param>
/// <param name="Failing">How long nothing has moved, with room in the log.</param>
internal sealed record PassThroughLimits(double Fill, TimeSpan Stall, TimeSpan Failing);
