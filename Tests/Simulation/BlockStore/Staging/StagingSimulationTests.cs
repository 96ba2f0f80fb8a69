using System.Collections.Concurrent;
using System.Globalization;
using Xunit;

namespace Tidegate.Tests.Simulation.BlockStore.Staging;

/// <summary>I3 to I5 and I8 of staging branches against a model. <c>TIDEGATE_STAGING_SEED</c> runs one seed.</summary>
public sealed class StagingSimulationTests(ITestOutputHelper output)
{
    private const int FixedSeeds = 1500;
    private const int SeedsForABug = 1000;

    private static readonly string[] MustHappen =
    [
        "published", "dropped", "abandoned", "rebuilt", "rebuilt without what was staged", "writes go past the log", "refused as StagingIncomplete", "refused as Superseded",
        "an orphan is collected", "swept", "dies before the save", "saved, and the answer is lost", "refused as StaleEpoch",
    ];

    [Fact]
    public void A_published_branch_is_the_store_and_nothing_else_changes_whatever_happens_meanwhile()
    {
        var single = Environment.GetEnvironmentVariable("TIDEGATE_STAGING_SEED");
        var first = single is null ? 0 : int.Parse(single, CultureInfo.InvariantCulture);
        var events = new ConcurrentDictionary<string, int>();
        var failures = new ConcurrentBag<(int Seed, string What)>();
        Parallel.For(first, first + (single is null ? FixedSeeds : 1), seed =>
        {
            var (failure, world) = StagingSimulation.Run(seed);
            if (failure is not null) failures.Add((seed, failure));
            if (single is not null) output.WriteLine(string.Join("\n", world.Trace));
            foreach (var (what, times) in world.Events) events.AddOrUpdate(what, times, (_, before) => before + times);
        });
        output.WriteLine(string.Join(", ", events.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key} {pair.Value}")));
        if (!failures.IsEmpty) Assert.Fail($"{failures.Count} seeds fail; the first: {failures.Min().What}");
        if (single is null) Assert.All(MustHappen, what => Assert.True(events.GetValueOrDefault(what) >= 20, $"'{what}' happens {events.GetValueOrDefault(what)} times: nothing is proven about it"));
    }

    [Theory]
    [MemberData(nameof(Planted))]
    public void A_planted_bug_is_caught(string name)
    {
        var bug = Enum.Parse<StagingBug>(name);
        for (var seed = 0; seed < SeedsForABug; seed++)
        {
            if (StagingSimulation.Run(seed, bug).Failure is not { } caught) continue;
            output.WriteLine(caught);
            return;
        }
        Assert.Fail($"The bug '{name}' went unnoticed for {SeedsForABug} seeds: the simulation proves nothing about it.");
    }

    public static TheoryData<string> Planted => [.. Enum.GetNames<StagingBug>().Where(name => name != nameof(StagingBug.None))];
}
