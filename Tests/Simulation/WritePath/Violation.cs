namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>An invariant that did not hold.</summary>
internal sealed class Violation(string what) : Exception(what);
