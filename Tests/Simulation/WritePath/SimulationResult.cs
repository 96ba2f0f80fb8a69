namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>How one seed ended.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Steps">What was to be done.</param>
/// <param name="Failure">The invariant that did not hold; null when all did.</param>
/// <param name="Recoveries">Recoveries that were checked: ends of lives, wherever they came.</param>
/// <param name="Trace">What happened, when asked for.</param>
/// <param name="Events">How often what happened.</param>
internal sealed record SimulationResult(
    int Seed, IReadOnlyList<SimulationStep> Steps, string? Failure, int Recoveries, IReadOnlyList<string> Trace, IReadOnlyDictionary<string, int> Events);
