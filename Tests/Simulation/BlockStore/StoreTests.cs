using System.Collections.Concurrent;
using System.Globalization;
using Xunit;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>
/// I3 to I8 of the whole block store against a model. <c>TIDEGATE_SIMULATION_SEED</c> runs one seed; <c>./dev sim</c> runs any number.
/// </summary>
public sealed class StoreTests(ITestOutputHelper output)
{
    private const int FixedSeeds = 5000;
    private const int SeedsForABug = 1000;

    [Fact]
    public void Every_promise_of_the_block_store_holds_in_any_order_of_events()
    {
        var single = Environment.GetEnvironmentVariable("TIDEGATE_SIMULATION_SEED");
        var first = single is null ? 0 : int.Parse(single, CultureInfo.InvariantCulture);
        var count = single is null ? FixedSeeds : 1;
        var saves = 0;
        var failed = new ConcurrentBag<SequenceResult>();
        Parallel.For(first, first + count, seed =>
        {
            var result = StoreSimulation.Run(seed);
            if (result.Failure is not null) failed.Add(result);
            Interlocked.Add(ref saves, result.World.Database.Saves);
        });
        if (failed.MinBy(result => result.Seed) is { } worst) Assert.Fail($"{failed.Count} of {count} seeds fail; the first: {StoreSimulation.Describe(worst)}");
        output.WriteLine($"{count} sequences, {saves} saved heads checked");
        Assert.True(single is not null || saves >= 10 * count, "too few saves to mean anything");
    }

    [Fact]
    public void A_seed_means_the_same_every_time()
    {
        for (var seed = 0; seed < 40; seed++)
            Assert.Equal(StoreSimulation.Run(seed, isTraced: true).Trace, StoreSimulation.Run(seed, isTraced: true).Trace);
    }

    [Theory]
    [MemberData(nameof(Planted))]
    public void A_planted_bug_is_caught(string name)
    {
        var bug = Enum.Parse<PlantedBug>(name);
        for (var seed = 0; seed < SeedsForABug; seed++)
        {
            if (StoreSimulation.Run(seed, bug) is not { Failure: not null } caught) continue;
            output.WriteLine($"{name}: {StoreSimulation.Describe(caught, bug)}");
            return;
        }
        Assert.Fail($"The bug '{name}' went unnoticed for {SeedsForABug} seeds: the simulation proves nothing about it.");
    }

    public static TheoryData<string> Planted => [.. Enum.GetNames<PlantedBug>().Where(name => name != nameof(PlantedBug.None))];
}
