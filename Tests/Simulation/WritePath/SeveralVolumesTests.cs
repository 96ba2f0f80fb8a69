using System.Collections.Concurrent;
using Xunit;

namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>I1 to I3 and M2.8 of several volumes of one agent that share its uplink, link, threads and turns of fills (M2.6).</summary>
public sealed class SeveralVolumesTests(ITestOutputHelper output)
{
    private const int FixedSeeds = 60;
    private const int SeedsForABug = 200;

    private static readonly string[] MustHappen =
    [
        "a group is complete", "a group waits", "fills of several volumes at once", "power is lost", "several are past their logs", "the agent is started again", "the agent is stopped",
        "the link is cut", "writes go past a log",
    ];

    [Fact]
    public void Every_promise_holds_for_each_of_several_volumes()
    {
        var events = new ConcurrentDictionary<string, int>();
        var failed = new ConcurrentDictionary<int, string>();
        Parallel.For(0, FixedSeeds, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, seed =>
        {
            var (failure, recoveries, happened) = SeveralVolumesSimulation.Run(seed);
            if (failure is not null) failed[seed] = failure;
            events.AddOrUpdate("recoveries", recoveries, (_, before) => before + recoveries);
            foreach (var (what, times) in happened) events.AddOrUpdate(what, times, (_, before) => before + times);
        });
        output.WriteLine(string.Join(", ", events.OrderBy(static pair => pair.Key).Select(static pair => $"{pair.Key} {pair.Value}")));
        Assert.True(failed.IsEmpty, string.Join('\n', failed.OrderBy(static pair => pair.Key).Take(3).Select(static pair => $"seed {pair.Key}: {pair.Value}")));
        Assert.All(MustHappen, what => Assert.True(events.GetValueOrDefault(what) >= 5, $"'{what}' happens {events.GetValueOrDefault(what)} times: nothing is proven about it"));
    }

    [Theory]
    [MemberData(nameof(Planted))]
    public void A_planted_bug_is_caught(string name)
    {
        var bug = Enum.Parse<SeveralVolumesBug>(name);
        for (var seed = 0; seed < SeedsForABug; seed++)
        {
            if (SeveralVolumesSimulation.Run(seed, bug).Failure is not { } failure) continue;
            output.WriteLine($"{name}: caught by seed {seed}: {failure}");
            return;
        }
        Assert.Fail($"The bug '{name}' went unnoticed for {SeedsForABug} seeds: the simulation proves nothing about it.");
    }

    public static TheoryData<string> Planted => [.. Enum.GetNames<SeveralVolumesBug>().Where(static name => name != nameof(SeveralVolumesBug.None))];
}
