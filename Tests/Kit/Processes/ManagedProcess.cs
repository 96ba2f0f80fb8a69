using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Tidegate.Tests.Kit.Time;

namespace Tidegate.Tests.Kit.Processes;

/// <summary>A program of ours as its own process: started, waited for through its ready file, terminated or killed.</summary>
public sealed partial class ManagedProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _name;
    private readonly string _logPath;
    private readonly string _readyPath;

    private ManagedProcess(string name, Process process, string logPath, string readyPath)
    {
        _name = name;
        _process = process;
        _logPath = logPath;
        _readyPath = readyPath;
    }

    public int Id => _process.Id;
    public bool HasExited => _process.HasExited;
    public string LogPath => _logPath;

    /// <summary>Starts the program; its output is appended to a file that failures quote.</summary>
    public static ManagedProcess Start(
        string name, string program, IEnumerable<string> arguments, string logPath, string readyPath, IReadOnlyDictionary<string, string>? environment = null)
    {
        File.Delete(readyPath);
        // A shell appends the output to the log, so that nothing has to be pumped while a test goes on.
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, RedirectStandardInput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("exec \"$0\" \"$@\" >>\"$TIDEGATE_TEST_LOG\" 2>&1 </dev/null");
        start.ArgumentList.Add(program);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        start.Environment["TIDEGATE_TEST_LOG"] = logPath;
        foreach (var (key, value) in environment ?? new Dictionary<string, string>()) start.Environment[key] = value;
        return new ManagedProcess(name, Process.Start(start)!, logPath, readyPath);
    }

    /// <summary>Waits until the ready file was written by this very process, and returns it.</summary>
    public async Task<JsonObject> ReadyAsync(Func<JsonObject, bool>? until = null, TimeSpan? within = null)
    {
        JsonObject? ready = null;
        try
        {
            await Eventually.TrueAsync($"{_name} is ready", () =>
            {
                if (_process.HasExited) return Task.FromResult(true);
                if (!File.Exists(_readyPath)) return Task.FromResult(false);
                ready = JsonNode.Parse(File.ReadAllText(_readyPath))!.AsObject();
                return Task.FromResult((int)ready["pid"]! == Id && (until is null || until(ready)));
            }, within);
        }
        catch (TimeoutException e)
        {
            throw new InvalidOperationException($"{e.Message}; ready file: {ready?.ToJsonString() ?? "none"}; its log ends:\n{LogTail()}", e);
        }
        if (_process.HasExited) throw new InvalidOperationException($"{_name} exited with {_process.ExitCode}; its log ends:\n{LogTail()}");
        return ready!;
    }

    /// <summary>SIGKILL, without waiting for the end.</summary>
    public void KillNow() => _process.Kill();

    /// <summary>SIGKILL: nothing in the process runs any more.</summary>
    public async Task KillAsync()
    {
        if (_process.HasExited) return;
        KillNow();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, and waits for an orderly end; returns the exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        if (!_process.HasExited) _ = Kill(_process.Id, 15);
        using var limit = new CancellationTokenSource(Hanging.Limit);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    public string LogTail(int lines = 40) => File.Exists(_logPath) ? string.Join('\n', File.ReadLines(_logPath).TakeLast(lines)) : "(no log)";

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
