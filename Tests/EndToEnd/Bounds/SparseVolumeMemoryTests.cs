using System.Globalization;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Bounds;

/// <summary>
/// A volume of 16 TiB with 1 GiB all over it is committed, folded, cut, compared and read in bounded memory (I11): of a process of its own,
/// with real data. What is known of larger ones is in <c>docs/verification.md</c>.
/// </summary>
public sealed class SparseVolumeMemoryTests(ITestOutputHelper output)
{
    private const long MappedBytes = 1L << 30;
    private const long HeapBytes = 256L << 20;
    private const long MostBytes = 512L << 20;

    [Fact]
    public async Task I11_A_volume_of_16_TiB_is_worked_on_in_bounded_memory()
    {
        var folder = Directory.CreateTempSubdirectory("tidegate-sparse-");
        try
        {
            // The heap is not to grow past this, whatever the collector would like: needing more ends the process.
            var result = (await ProgramRunner.RunAsync(
                Repository.Program("Tests.Benchmarks"), ["sparse-volume", folder.FullName, MappedBytes.ToString(CultureInfo.InvariantCulture)],
                TimeSpan.FromMinutes(3), new Dictionary<string, string> { ["DOTNET_GCHeapHardLimit"] = $"0x{HeapBytes:x}" })).Succeeded().Json;
            output.WriteLine(result.ToJsonString());
            Assert.Equal(MappedBytes, (long)result["mappedBytes"]!);
            Assert.Equal((long)result["expectedChangedBlocks"]!, (long)result["changedBlocks"]!);
            Assert.InRange((long)result["peakBytes"]!, 1, MostBytes);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
