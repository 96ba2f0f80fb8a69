using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Nbd;
using Tidegate.Tests.Kit.Nbd;

namespace Tidegate.Tests.Benchmarks.Serving;

/// <summary>A process that serves one plain file by the agent's NBD server: the cost of the front end alone.</summary>
internal static class RawFileServer
{
    /// <summary>Serves until it is told to end by SIGTERM; prints the export's URI when ready.</summary>
    public static async Task<int> RunAsync(string directory, long sizeBytes, string listen)
    {
        if (!NbdListenAddress.TryParse(listen, out var address))
            throw new ArgumentException($"'{listen}' is no address to listen on.");
        await using var device = new RawFileDevice(new LinuxDisk(directory).Open("store.raw", sizeBytes));
        await using var server = new NbdServer(
            new FixedExports(("raw", device)), new NbdServerOptions { Listen = [address] }, TimeProvider.System, NullLogger<NbdServer>.Instance);
        var ended = new TaskCompletionSource();
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            ended.TrySetResult();
        });
        await server.StartAsync(CancellationToken.None);
        Console.WriteLine(server.Addresses[0].UriOf("raw"));
        await ended.Task;
        await server.StopAsync(CancellationToken.None);
        return 0;
    }
}
