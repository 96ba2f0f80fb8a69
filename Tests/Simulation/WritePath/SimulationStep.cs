namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>One thing that one of a life's actors does, and the seed of how.</summary>
/// <param name="Life">Which life, from 0.</param>
/// <param name="Actor">0 to 2: clients; then who takes snapshots, and who breaks things.</param>
/// <param name="Seed">Decides everything about it.</param>
internal readonly record struct SimulationStep(int Life, int Actor, int Seed)
{
    internal const int Clients = 3;
    internal const int Snapshots = 3;
    internal const int Faults = 4;
    internal const int Actors = 5;
}
