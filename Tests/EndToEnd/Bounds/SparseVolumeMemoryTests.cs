using System.Globalization;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Bounds;

/// <summary>
/// A volume of 16 TiB with data all over it is committed, folded, cut, compared and read in bounded memory (I11): of a process of its own,
/// with real data. What was measured is in <c>docs/verification.md</c>.
/// </summary>
public sealed class SparseVolumeMemoryTests(ITestOutputHelper output)
{
    private const long GiB = 1L << 30;
    private const long MiB = 1L << 20;

    [Fact]
    public Task I11_A_volume_of_16_TiB_is_worked_on_in_bounded_memory() => WorkAsync(mapped: GiB, heap: 96 * MiB, most: 256 * MiB, TimeSpan.FromMinutes(3));

    /// <summary>Takes five minutes on a quiet machine, and a gibibyte of disk.</summary>
    [Fact(Explicit = true)]
    public Task I11_100_GiB_of_16_TiB_are_worked_on_in_bounded_memory() => WorkAsync(mapped: 100 * GiB, heap: 256 * MiB, most: 512 * MiB, TimeSpan.FromHours(1));

    private async Task WorkAsync(long mapped, long heap, long most, TimeSpan limit)
    {
        var folder = Directory.CreateTempSubdirectory("tidegate-sparse-");
        try
        {
            // The heap is not to grow past this, whatever the collector would like: needing more ends the process.
            var result = (await ProgramRunner.RunAsync(
                Repository.Program("Tests.Benchmarks"), ["sparse-volume", folder.FullName, mapped.ToString(CultureInfo.InvariantCulture)],
                limit, new Dictionary<string, string> { ["DOTNET_GCHeapHardLimit"] = $"0x{heap:x}" })).Succeeded().Json;
            output.WriteLine(result.ToJsonString());
            Assert.Equal(mapped, (long)result["mappedBytes"]!);
            Assert.Equal((long)result["expectedChangedBlocks"]!, (long)result["changedBlocks"]!);
            Assert.InRange((long)result["peakBytes"]!, 1, most);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
