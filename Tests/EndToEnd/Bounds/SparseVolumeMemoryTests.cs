using System.Globalization;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Bounds;

/// <summary>
/// A volume of 16 TiB, however much of it is mapped, is committed, folded, cut, compared and read in the same bounded memory (I11): of a
/// process of its own, with real data. The figure of the full run is in <c>docs/verification.md</c>.
/// </summary>
public sealed class SparseVolumeMemoryTests(ITestOutputHelper output)
{
    private const long GiB = 1L << 30;
    private const long HeapBytes = 256L << 20;
    private const long MostBytes = 512L << 20;

    /// <summary>1 GiB in every run; 100 GiB with <c>./dev test --full</c>.</summary>
    public static IEnumerable<TheoryDataRow<int>> Mapped => [new(1), new(100) { Explicit = true }];

    [Theory, MemberData(nameof(Mapped))]
    public async Task I11_A_volume_of_16_TiB_is_worked_on_in_bounded_memory(int mappedGiB)
    {
        var folder = Directory.CreateTempSubdirectory("tidegate-sparse-");
        try
        {
            // The heap is not to grow past this, whatever the collector would like: needing more ends the process.
            var result = (await ProgramRunner.RunAsync(
                Repository.Program("Tests.Benchmarks"), ["sparse-volume", folder.FullName, (mappedGiB * GiB).ToString(CultureInfo.InvariantCulture)],
                TimeSpan.FromMinutes(30), new Dictionary<string, string> { ["DOTNET_GCHeapHardLimit"] = $"0x{HeapBytes:x}" })).Succeeded().Json;
            output.WriteLine(result.ToJsonString());
            Assert.Equal(mappedGiB * GiB, (long)result["mappedBytes"]!);
            Assert.Equal((long)result["expectedChangedBlocks"]!, (long)result["changedBlocks"]!);
            Assert.InRange((long)result["peakBytes"]!, 1, MostBytes);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
