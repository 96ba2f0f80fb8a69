using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.Benchmarks.Harness;

/// <summary>One run of a bench: how long it may take, where it works, and where its raw evidence stays.</summary>
internal sealed class BenchContext : IDisposable
{
    private readonly StreamWriter _transcript;

    public BenchContext(string bench, bool isQuick, string? store = null)
    {
        (IsQuick, Store) = (isQuick, store);
        Report = new BenchReport(bench);
        Output = Path.Combine(Repository.Root, "artifacts", "bench", bench, TimeProvider.System.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", null));
        Directory.CreateDirectory(Output);
        Work = Directory.CreateTempSubdirectory($"tidegate-bench-{bench}-").FullName;
        _transcript = new StreamWriter(Path.Combine(Output, "commands.log")) { AutoFlush = true };
    }

    public bool IsQuick { get; }

    /// <summary>The one blob store to measure; null for each in turn.</summary>
    public string? Store { get; }

    public BenchReport Report { get; }

    /// <summary>Commands, raw output and logs of the run; kept.</summary>
    public string Output { get; }

    /// <summary>Volumes and stores; deleted at the end.</summary>
    public string Work { get; }

    public static void Progress(string text) => Console.WriteLine($"bench: {text}");

    /// <summary>Runs a program of others and keeps its command line and everything it said.</summary>
    public async Task<ProgramResult> RunAsync(string program, IEnumerable<string> arguments, TimeSpan? within = null)
    {
        var result = await ProgramRunner.RunAsync(program, arguments, within ?? TimeSpan.FromMinutes(10));
        await _transcript.WriteLineAsync($"$ {result.Command}\n# exit {result.ExitCode}\n{result.Output}{result.Errors}");
        return result.Succeeded();
    }

    public void Dispose()
    {
        _transcript.Dispose();
        Directory.Delete(Work, recursive: true);
    }
}
