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

    private static readonly string[] MustHappen =
    [
        "a branch begins because the service went back", "a branch begins for a changed store", "a branch is folded", "a branch is freed", "a branch is given up", "a branch is published",
        "a store changes behind its agent", "put back with the database", "rebuilt without what was staged", "refused as Staging", "refused as StagingClosing", "refused as StagingIncomplete",
        "a bad blob is told", "a claim is lost", "dies with a claim", "rebuilt because the bucket is ahead", "a bad blob is not needed", "an orphan is collected", "condemned blobs are deleted", "a log has diverged", "a pin is confirmed", "a pin is released",
        "a lease is read under", "a lease outlives its snapshot", "a point of the window is to be kept", "a thinned point is to be kept", "a release comes to its end", "a release goes on", "a silo dies",
        "an agent dies", "an agent starts from the head", "arrives at last", "cloned", "cloned from a clone", "cloned from a point", "compacted", "dies while it stores blobs", "frames are merged", "late",
        "lost", "lost after a race, and rebuilt from the bucket", "lost to another activation", "not saved yet", "nothing is prepared", "prepared", "put back to a backup", "refused as Diverged",
        "refused as NotContiguous", "refused as SizeMismatch", "refused as StaleEpoch", "refused as Superseded", "refused as TailFull",
        "saved, outcome unknown", "the save never arrives", "two images differ",
    ];

    [Fact]
    public void Every_promise_of_the_block_store_holds_in_any_order_of_events()
    {
        var single = Environment.GetEnvironmentVariable("TIDEGATE_SIMULATION_SEED");
        var first = single is null ? 0 : int.Parse(single, CultureInfo.InvariantCulture);
        var count = single is null ? FixedSeeds : 1;
        var saves = 0;
        var events = new ConcurrentDictionary<string, int>();
        var failed = new ConcurrentBag<SequenceResult>();
        Parallel.For(first, first + count, seed =>
        {
            var result = StoreSimulation.Run(seed);
            if (result.Failure is not null) failed.Add(result);
            Interlocked.Add(ref saves, result.World.Database.Saves);
            foreach (var (what, times) in result.World.Events) events.AddOrUpdate(what, times, (_, before) => before + times);
        });
        if (failed.MinBy(result => result.Seed) is { } worst) Assert.Fail($"{failed.Count} of {count} seeds fail; the first: {StoreSimulation.Describe(worst)}");
        output.WriteLine($"{count} sequences, {saves} saved heads checked");
        if (single is not null) return;
        Assert.True(saves >= 10 * count, "too few saves to mean anything");
        Assert.All(MustHappen, what => Assert.True(events.GetValueOrDefault(what) >= 20, $"'{what}' happens {events.GetValueOrDefault(what)} times: nothing is proven about it"));
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
