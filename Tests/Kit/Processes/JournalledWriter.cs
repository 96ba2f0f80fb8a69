using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Tidegate.Tests.Kit.Processes;

/// <summary>The journalling writer of Tests/EndToEnd/Journal as a process, and its verifier.</summary>
public sealed class JournalledWriter : IAsyncDisposable
{
    private readonly string _journal;
    private readonly long _offset;
    private readonly long _length;
    private readonly ManagedProcess _process;

    private JournalledWriter(ManagedProcess process, string journal, long offset, long length)
    {
        _process = process;
        _journal = journal;
        _offset = offset;
        _length = length;
    }

    /// <summary>Nanoseconds of the journal's clock.</summary>
    public static long Now => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    public static JournalledWriter Start(string uri, string folder, long offset, long length, int seed)
    {
        var journal = Path.Combine(folder, $"journal-{seed}");
        File.WriteAllText(journal, "");
        var process = ManagedProcess.Start("the journalled writer", "/usr/bin/python3",
            [Script("writer.py"), uri, journal, Text(offset), Text(length), "8", Text(seed)], journal + ".log", journal + ".ready");
        return new JournalledWriter(process, journal, offset, length);
    }

    public int Acknowledged => File.ReadLines(_journal).Count(l => l.StartsWith('A'));

    /// <summary>Waits until that many more writes were acknowledged: the proof that it never paused for good.</summary>
    public async Task MoreAsync(int writes)
    {
        var target = Acknowledged + writes;
        await Eventually.TrueAsync($"{target} acknowledged writes; the writer says: {_process.LogTail()}", () =>
            Task.FromResult(!_process.HasExited && Acknowledged >= target));
    }

    public async Task StopAsync()
    {
        await File.WriteAllTextAsync(_journal + ".stop", "");
        await Eventually.TrueAsync("the writer's end", () => Task.FromResult(_process.HasExited));
    }

    /// <summary>Checks an image; with times, against a snapshot requested between them. Returns what the verifier printed.</summary>
    public async Task<(bool Ok, JsonObject Report)> VerifyAsync(string source, (long Before, long After)? snapshot = null)
    {
        List<string> arguments = [Script("verify.py"), source, _journal, Text(_offset), Text(_length)];
        if (snapshot is { } s) arguments.AddRange([Text(s.Before), Text(s.After)]);
        var result = await ProgramRunner.RunAsync("/usr/bin/python3", arguments);
        return result.Output.Length > 0 ? (result.ExitCode == 0, result.Json) : throw new InvalidOperationException(result.Errors);
    }

    public async ValueTask DisposeAsync() => await _process.DisposeAsync();

    private static string Script(string name) => Path.Combine(Repository.Root, "Tests", "EndToEnd", "Journal", name);
    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
