using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Tidegate.Tests.Kit.Processes;

/// <summary>The journalling writer of Tests/EndToEnd/Journal as a process, and its verifier.</summary>
public sealed class JournalledWriter : IAsyncDisposable
{
    // How far a bounded writer may be ahead of what was asked for.
    private const int Ahead = 1000;

    private readonly string _journal;
    private readonly bool _isBounded;
    private readonly long _offset;
    private readonly long _length;
    private readonly ManagedProcess _process;

    private JournalledWriter(ManagedProcess process, string journal, long offset, long length, bool isBounded)
    {
        _isBounded = isBounded;
        _process = process;
        _journal = journal;
        _offset = offset;
        _length = length;
    }

    /// <summary>Nanoseconds of the journal's clock.</summary>
    public static long Now => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    /// <param name="uri">The export that is written.</param>
    /// <param name="folder">Where the journal is kept.</param>
    /// <param name="offset">Of the region that is written.</param>
    /// <param name="length">Of the region.</param>
    /// <param name="seed">Of what is written where.</param>
    /// <param name="isBounded">
    /// Writes little more than <see cref="MoreAsync"/> waits for: where nothing can be committed, a log that is full would hold the writer up.
    /// </param>
    public static JournalledWriter Start(string uri, string folder, long offset, long length, int seed, bool isBounded = false)
    {
        var journal = Path.Combine(folder, $"journal-{seed}");
        File.WriteAllText(journal, "");
        if (isBounded) Allow(journal, Ahead);
        var process = ManagedProcess.Start("the journalled writer", "/usr/bin/python3",
            [Script("writer.py"), uri, journal, Text(offset), Text(length), "8", Text(seed)], journal + ".log", journal + ".ready");
        return new JournalledWriter(process, journal, offset, length, isBounded);
    }

    private int Issued => File.ReadLines(_journal).Count(l => l[0] is 'I' or 'i');

    public int Acknowledged => File.ReadLines(_journal).Count(l => l.StartsWith('A'));

    /// <summary>Waits until that many more writes were acknowledged: the proof that it never paused for good.</summary>
    public async Task MoreAsync(int writes)
    {
        var target = Acknowledged + writes;
        // One number in 64 is a flush's, and a lost connection leaves the numbers of what was in flight unanswered.
        if (_isBounded) Allow(_journal, Issued + writes + (writes / 32) + Ahead);
        await Eventually.TrueAsync($"{target} acknowledged writes; the writer says: {_process.LogTail()}", () =>
            Task.FromResult(!_process.HasExited && Acknowledged >= target));
    }

    /// <summary>Waits until that many more commands failed with an errno.</summary>
    public async Task FailuresAsync(int errno, int commands)
    {
        var ending = $" {Text(errno)}";
        int Failed() => File.ReadLines(_journal).Count(l => l.StartsWith('E') && l.EndsWith(ending, StringComparison.Ordinal));
        var target = Failed() + commands;
        await Eventually.TrueAsync($"{target} commands failed with errno {errno}; the writer says: {_process.LogTail()}", () => Task.FromResult(Failed() >= target));
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

    private static void Allow(string journal, int number)
    {
        // Renamed, so that the writer never reads half a number.
        File.WriteAllText(journal + ".may-next", Text(number));
        File.Move(journal + ".may-next", journal + ".may", overwrite: true);
    }

    private static string Script(string name) => Path.Combine(Repository.Root, "Tests", "EndToEnd", "Journal", name);
    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
