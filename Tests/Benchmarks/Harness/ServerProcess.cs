using System.Globalization;
using System.Runtime.InteropServices;

namespace Tidegate.Tests.Benchmarks.Harness;

/// <summary>A server that a bench started, ours or a peer's, and the processor time it has used.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    private System.Diagnostics.Process? _started;
    private int _processId;
    private Func<Task<System.Diagnostics.Process>>? _start;

    private ServerProcess(string name, string uri, int processId, System.Diagnostics.Process? started) =>
        (Name, Uri, _processId, _started) = (name, uri, processId, started);

    public string Name { get; }

    public string Uri { get; }

    /// <summary>Seconds of processor time since it started, user and system.</summary>
    public double CpuSeconds
    {
        get
        {
            if (_started?.HasExited == true)
                throw new InvalidOperationException($"{Name} ended by itself with exit code {_started.ExitCode}");
            var text = File.ReadAllText($"/proc/{_processId}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / 100;
        }
    }

    /// <summary>A server that somebody else starts and stops.</summary>
    public static ServerProcess Of(string name, string uri, int processId) => new(name, uri, processId, started: null);

    /// <summary>Starts a program that prints its URI as its first line once it serves.</summary>
    public static async Task<ServerProcess> StartPrintingAsync(string name, string program, params string[] arguments)
    {
        var process = Start(program, arguments);
        var uri = await process.StandardOutput.ReadLineAsync();
        return uri is null
            ? throw new InvalidOperationException($"{name} ended before it served; its messages are above")
            : new ServerProcess(name, uri, process.Id, process);
    }

    /// <summary>Starts a program that listens on a port it was given, and waits until it answers.</summary>
    public static async Task<ServerProcess> StartListeningAsync(string name, string uri, int port, string program, params string[] arguments)
    {
        async Task<System.Diagnostics.Process> StartAsync()
        {
            var process = Start(program, arguments);
            await Kit.Processes.Eventually.TrueAsync($"{name} listens", async () =>
            {
                using var probe = new System.Net.Sockets.TcpClient();
                await probe.ConnectAsync(System.Net.IPAddress.Loopback, port);
                return true;
            }, TimeSpan.FromSeconds(20));
            return process;
        }

        var started = await StartAsync();
        return new ServerProcess(name, uri, started.Id, started) { _start = StartAsync };
    }

    /// <summary>True for a server that <see cref="TryStartAgainAsync"/> can start.</summary>
    public bool CanStartAgain => _start is not null;

    /// <summary>Starts it again once it has ended by itself; false when it has not, and does not soon.</summary>
    public async Task<bool> TryStartAgainAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            await _started!.WaitForExitAsync(soon.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        _started.Dispose();
        _started = await _start!();
        _processId = _started.Id;
        return true;
    }

    public static int FreePort()
    {
        using var socket = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        socket.Start();
        return ((System.Net.IPEndPoint)socket.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        if (_started is null)
            return;
        if (!_started.HasExited)
        {
            _ = Kill(_started.Id, 15);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            try
            {
                await _started.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                _started.Kill();
            }
        }
        _started.Dispose();
    }

    private static System.Diagnostics.Process Start(string program, string[] arguments) =>
        System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
