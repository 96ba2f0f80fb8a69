using Tidegate.Tests.Fuzz.Engine;
using Tidegate.Tests.Fuzz.Targets;
using Xunit;

namespace Tidegate.Tests.Fuzz;

/// <summary>
/// Every decoder takes its seeds, its corpus and a fixed number of mutations of a fixed seed; <c>./dev fuzz</c> goes on from there
/// (<c>docs/verification.md</c>, Decoders).
/// </summary>
public sealed class FuzzTests
{
    private const int Mutations = 4000;
    private const int Seed = 20_260_301;

    public static TheoryData<string> Targets => [.. AllTargets.Names];

    [Theory, MemberData(nameof(Targets))]
    public async Task No_bytes_make_a_decoder_break_its_promise(string name)
    {
        var target = AllTargets.Make(name);
        var fuzzer = new Fuzzer(target, Seed);
        var finding = fuzzer.Replay(Corpus.Of(name)) ?? await fuzzer.RunAsync(() => fuzzer.Tried < Mutations, TimeSpan.FromMinutes(10));
        Assert.True(finding is null, finding?.ToString());
    }

    public static TheoryData<string> FromOutside => [.. AllTargets.FromOutside];

    [Theory(Explicit = true), MemberData(nameof(FromOutside))]
    public async Task A_million_mutations_of_what_comes_from_outside_take_neither_process_nor_time_nor_memory(string name)
    {
        const int million = 1_000_000;
        const long growth = 32 << 20;
        var fuzzer = new Fuzzer(AllTargets.Make(name), Seed + 1);
        var finding = await fuzzer.RunAsync(() => fuzzer.Tried < million / 10, TimeSpan.FromMinutes(20));
        Assert.True(finding is null, finding?.ToString());
        var before = GC.GetTotalMemory(forceFullCollection: true);
        finding = await fuzzer.RunAsync(() => fuzzer.Tried < million, TimeSpan.FromHours(1));
        Assert.True(finding is null, finding?.ToString());
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {fuzzer.Tried} inputs, {fuzzer.Outcomes} outcomes, {grown} bytes more than after the first tenth");
        Assert.InRange(grown, long.MinValue, growth);
    }

    [Theory, MemberData(nameof(Targets))]
    public void Seeds_decode(string name)
    {
        foreach (var seed in AllTargets.Make(name).Seeds.Take(1)) AllTargets.Make(name).Decode(seed);
    }

    [Fact]
    public void Planted_faults_are_found()
    {
        foreach (var canary in new[] { Canary.TrustsLength(), Canary.TrustsCount() })
        {
            var fuzzer = new Fuzzer(canary, Seed);
            Assert.Null(fuzzer.Replay([]));
            Assert.NotNull(fuzzer.Run(() => fuzzer.Tried < 10 * Mutations));
        }
    }

    [Fact]
    public async Task A_decoder_that_does_not_come_back_is_found()
    {
        using var never = new ManualResetEventSlim();
        var fuzzer = new Fuzzer(new FuzzTarget("hangs", [[1]], _ => never.Wait()), Seed);
        var finding = await fuzzer.RunAsync(() => !never.IsSet, TimeSpan.FromMilliseconds(200));
        Assert.Contains("has not come back", finding!.Problem, StringComparison.Ordinal);
        never.Set();
    }

    [Fact]
    public void The_same_seed_makes_the_same_inputs()
    {
        var target = HeadTargets.Head();
        var (one, other) = (new Mutator(new Random(5), target), new Mutator(new Random(5), target));
        for (var number = 0; number < 200; number++) Assert.Equal(one.Next(target.Seeds), other.Next(target.Seeds));
    }
}
