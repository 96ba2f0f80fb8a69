using System.Globalization;
using System.Runtime.InteropServices;

namespace Tidegate.Tests.Benchmarks.Harness;

/// <summary>A server that a bench started, ours or a peer's, and the processor time it has used.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    private readonly System.Diagnostics.Process _process;

    private ServerProcess(string name, System.Diagnostics.Process process, string uri) => (Name, _process, Uri) = (name, process, uri);

    public string Name { get; }

    public string Uri { get; }

    /// <summary>Seconds of processor time since it started, user and system.</summary>
    public double CpuSeconds
    {
        get
        {
            var text = File.ReadAllText($"/proc/{_process.Id}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / 100;
        }
    }

    /// <summary>Starts a program that prints its URI as its first line once it serves.</summary>
    public static async Task<ServerProcess> StartPrintingAsync(string name, string program, params string[] arguments)
    {
        var process = Start(program, arguments);
        var uri = await process.StandardOutput.ReadLineAsync();
        return uri is null
            ? throw new InvalidOperationException($"{name} ended before it served; its messages are above")
            : new ServerProcess(name, process, uri);
    }

    /// <summary>Starts a program that listens on a port it was given, and waits until it answers.</summary>
    public static async Task<ServerProcess> StartListeningAsync(string name, string uri, int port, string program, params string[] arguments)
    {
        var process = Start(program, arguments);
        await Kit.Processes.Eventually.TrueAsync($"{name} listens", async () =>
        {
            using var probe = new System.Net.Sockets.TcpClient();
            await probe.ConnectAsync(System.Net.IPAddress.Loopback, port);
            return true;
        }, TimeSpan.FromSeconds(20));
        return new ServerProcess(name, process, uri);
    }

    public static int FreePort()
    {
        using var socket = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        socket.Start();
        return ((System.Net.IPEndPoint)socket.LocalEndpoint).Port;
    }

    /// <summary>Sends a line to the server's input and returns the line it answers.</summary>
    public async Task<string> AskAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
        return await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"{Name} ended when it was asked '{line}'");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _ = Kill(_process.Id, 15);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            try
            {
                await _process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill();
            }
        }
        _process.Dispose();
    }

    private static System.Diagnostics.Process Start(string program, string[] arguments) =>
        System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardInput = true })!;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
