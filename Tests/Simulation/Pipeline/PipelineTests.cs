using System.Globalization;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Simulation.WritePath;
using Xunit;

namespace Tidegate.Tests.Simulation.Pipeline;

/// <summary>
/// I1 to I4 and I13 from a host's write to another agent's restore. <c>TIDEGATE_SIMULATION_SEED</c> runs one seed. Threads and time are real, so that
/// it has the processors to itself.
/// </summary>
[Collection(nameof(AloneCollection))]
public sealed class PipelineTests(ITestOutputHelper output)
{
    private const int FixedSeeds = 40;

    [Fact]
    public async Task Every_promise_holds_from_write_to_restore()
    {
        var single = Environment.GetEnvironmentVariable("TIDEGATE_SIMULATION_SEED");
        var first = single is null ? 0 : int.Parse(single, CultureInfo.InvariantCulture);
        var count = single is null ? FixedSeeds : 1;
        var recoveries = 0;
        for (var seed = first; seed < first + count; seed++)
        {
            var simulation = new PipelineSimulation(seed);
            try
            {
                await simulation.RunAsync();
            }
            catch (Exception failure)
            {
                Assert.Fail($"seed {seed}: {failure}\nrun it again: TIDEGATE_SIMULATION_SEED={seed} ./dev test simulation");
            }
            recoveries += simulation.Recoveries;
        }
        output.WriteLine($"{count} seeds, {recoveries} recoveries checked");
    }

    [Theory]
    [InlineData("log")]
    [InlineData("store.raw")]
    public async Task A_disk_that_ignores_syncs_is_caught(string file)
    {
        for (var seed = 0; seed < 60; seed++)
        {
            try
            {
                await new PipelineSimulation(seed, plan => plan.IgnoresSyncOf = file).RunAsync();
            }
            catch (Exception caught) when (caught is Violation or IOException or InvalidOperationException or TimeoutException or SimulatedCrashException)
            {
                output.WriteLine($"caught by seed {seed}: {caught.Message}");
                return;
            }
        }
        Assert.Fail($"A disk that ignores syncs of '{file}' went unnoticed: the simulation proves nothing about it.");
    }
}
