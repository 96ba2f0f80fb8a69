using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Nbd;
using Tidegate.Tests.Kit.Nbd;

namespace Tidegate.Tests.Benchmarks.Serving;

/// <summary>Serves a device by the agent's NBD server until SIGTERM; prints the export's URI when ready.</summary>
internal static class UntilTerminated
{
    public static async Task<int> ServeAsync(IBlockDevice device, string export, string listen)
    {
        if (!NbdListenAddress.TryParse(listen, out var address))
            throw new ArgumentException($"'{listen}' is no address to listen on.");
        await using var server = new NbdServer(
            new FixedExports((export, device)), new NbdServerOptions { Listen = [address] }, TimeProvider.System, NullLogger<NbdServer>.Instance);
        var ended = new TaskCompletionSource();
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            ended.TrySetResult();
        });
        await server.StartAsync(CancellationToken.None);
        Console.WriteLine(server.Addresses[0].UriOf(export));
        await ended.Task;
        await server.StopAsync(CancellationToken.None);
        return 0;
    }
}
