using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.Benchmarks.Harness;

/// <summary>The machine and the source that figures belong to.</summary>
internal static class Machine
{
    public static JsonObject Describe() => new()
    {
        ["cpu"] = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown",
        ["cores"] = Environment.ProcessorCount,
        ["memoryMib"] = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024 * 1024),
        ["kernel"] = File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        ["runtime"] = RuntimeInformation.FrameworkDescription,
        ["loadAverage"] = double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture),
    };

    /// <summary>The commit, marked when the tree holds changes that are in no commit.</summary>
    public static async Task<string> CommitAsync()
    {
        try
        {
            var git = Repository.Tool("git");
            var head = (await ProgramRunner.RunAsync(git, ["-C", Repository.Root, "rev-parse", "--short=12", "HEAD"])).Succeeded().Output.Trim();
            var changes = (await ProgramRunner.RunAsync(git, ["-C", Repository.Root, "status", "--porcelain"])).Succeeded().Output;
            return changes.Length == 0 ? head : head + "+changes";
        }
        catch (Exception e) when (e is InvalidOperationException or FileNotFoundException)
        {
            return "unknown";
        }
    }
}
