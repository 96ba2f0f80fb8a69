namespace Tidegate.Tests.Cluster.Hostile;

/// <summary>Answers whoever reaches it.</summary>
[GrainType("planted")]
public sealed class PlantedGrain : Grain, IPlantedGrain
{
    public Task<string> Marked() => Task.FromResult("marked");

    public Task<string> Unmarked() => Task.FromResult("unmarked");
}
