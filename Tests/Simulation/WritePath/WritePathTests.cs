using System.Globalization;
using Tidegate.GatewayAgent.WriteLog;
using Xunit;

namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>
/// I1, I2, I3, I4 and I6 of the write path under crashes. <c>TIDEGATE_SIMULATION_SEED</c> runs one seed,
/// <c>TIDEGATE_SIMULATION_SEEDS</c> that many.
/// </summary>
public sealed class WritePathTests(ITestOutputHelper output)
{
    private const int FixedSeeds = 1200;

    [Fact]
    public void Every_promise_holds_through_crashes_at_any_call()
    {
        var single = Environment.GetEnvironmentVariable("TIDEGATE_SIMULATION_SEED");
        var first = single is null ? 0 : int.Parse(single, CultureInfo.InvariantCulture);
        var count = single is not null ? 1
            : Environment.GetEnvironmentVariable("TIDEGATE_SIMULATION_SEEDS") is { } many ? int.Parse(many, CultureInfo.InvariantCulture)
            : FixedSeeds;
        var recoveries = 0;
        for (var seed = first; seed < first + count; seed++)
        {
            if (Run(seed, new SimulationPlan(), ref recoveries) is { } failure)
                Assert.Fail($"seed {seed}: {failure}\nrun it again: TIDEGATE_SIMULATION_SEED={seed} ./dev test simulation");
        }
        output.WriteLine($"{count} seeds, {recoveries} recoveries checked");
        Assert.True(single is not null || recoveries >= 5 * count, "too few recoveries to mean anything");
    }

    [Theory]
    [MemberData(nameof(Planted))]
    public void A_planted_bug_is_caught(string name)
    {
        var recoveries = 0;
        for (var seed = 0; seed < 200; seed++)
        {
            if (Run(seed, Bugs[name], ref recoveries) is { } failure)
            {
                output.WriteLine($"{name}: caught by seed {seed}: {failure}");
                return;
            }
        }
        Assert.Fail($"The bug '{name}' went unnoticed: the simulation proves nothing about it.");
    }

    public static TheoryData<string> Planted => [.. Bugs.Keys];

    private static Dictionary<string, SimulationPlan> Bugs { get; } = new()
    {
        ["the disk ignores syncs of the log"] = new() { Disk = plan => plan.IgnoresSyncOf = "log" },
        ["the disk ignores syncs of the store"] = new() { Disk = plan => plan.IgnoresSyncOf = "store.raw" },
        ["the disk loses a write"] = new() { Disk = plan => plan.LosesWriteEvery = 40 },
        ["the disk ignores directory syncs"] = new() { Disk = plan => plan.IgnoresDirectorySync = true },
        ["flushes are acknowledged early"] = new()
        {
            Flush = volume =>
            {
                _ = volume.FlushAsync(default).AsTask();
                return Task.CompletedTask;
            },
        },
        ["barriers are acknowledged before they are durable"] = new()
        {
            Barrier = (volume, id) =>
            {
                _ = volume.Log.AppendBarrierAsync(id, default);
                return Task.FromResult(volume.Log.End);
            },
        },
        ["the log is trimmed past what is committed"] = new() { CommittedEnd = (_, log) => log.DurableEnd },
    };

    private static string? Run(int seed, SimulationPlan plan, ref int recoveries)
    {
        var simulation = new WritePathSimulation(seed, plan);
        try
        {
            simulation.Run();
            return null;
        }
        catch (Violation violation)
        {
            return violation.Message;
        }
        catch (LogCorruptException corrupt)
        {
            return corrupt.Message;
        }
        finally
        {
            recoveries += simulation.Recoveries;
        }
    }
}
