using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Tidegate.GatewayAgent.Hooks;

/// <summary>Runs commands as processes of the agent's user, without a shell and with nothing to read from.</summary>
internal sealed class ProcessHookRunner(TimeProvider time) : IHookRunner
{
    private const int KeptOutputBytes = 1024;
    private static readonly TimeSpan OutputGrace = TimeSpan.FromMilliseconds(200);

    public async Task<string> RunAsync(
        IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, TimeSpan limit, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Exception error) when (error is Win32Exception or IOException)
        {
            return $"'{command[0]}' could not be started: {error.Message}";
        }
        process.StandardInput.Close();
        var said = KeepEndAsync(process.StandardError.BaseStream);
        _ = KeepEndAsync(process.StandardOutput.BaseStream);
        using var late = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            await process.WaitForExitAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return late.IsCancellationRequested
                ? $"'{command[0]}' was killed after {limit.TotalSeconds:0.#} s, its limit"
                : $"'{command[0]}' was killed: nobody waits for it any more";
        }
        if (process.ExitCode == 0)
            return "";
        // What it left running may hold its output open: that is not waited for.
        await ((Task)said).WaitAsync(OutputGrace, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var words = said.IsCompletedSuccessfully ? (await said).Trim() : "";
        return $"'{command[0]}' ended with status {process.ExitCode}{(words.Length > 0 ? $": {words}" : "")}";
    }

    private static async Task<string> KeepEndAsync(Stream output)
    {
        var kept = new List<byte>();
        var buffer = new byte[KeptOutputBytes];
        try
        {
            while (await output.ReadAsync(buffer) is var count and > 0)
            {
                kept.AddRange(buffer.AsSpan(0, count));
                if (kept.Count > KeptOutputBytes)
                    kept.RemoveRange(0, kept.Count - KeptOutputBytes);
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The process is gone; what it said before counts.
        }
        return Encoding.UTF8.GetString([.. kept]);
    }
}
