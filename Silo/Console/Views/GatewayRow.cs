using Tidegate.Client.Rest.Models;

namespace Tidegate.Silo.Console.Views;

/// <summary>A gateway in the list.</summary>
/// <param name="Summary">As the list has it.</param>
/// <param name="Gateway">As the gateway's grain has it; null when it is gone by now.</param>
public sealed record GatewayRow(GatewaySummary Summary, GatewayView? Gateway);
