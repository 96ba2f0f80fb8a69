using System.Net;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Nbd;
using Tidegate.Tests.Kit.Nbd;
using Tidegate.Tests.Kit.Time;

namespace Tidegate.Tests.Unit.Nbd;

/// <summary>A real server on a free loopback port over one scripted device, with time that only the test moves.</summary>
internal sealed class ServerUnderTest : IAsyncDisposable
{
    public const string Export = "disk";

    private ServerUnderTest(ScriptedDevice device, FixedExports exports, Action<NbdServerOptions>? configure)
    {
        var options = new NbdServerOptions { Listen = [NbdListenAddress.Tcp(new IPEndPoint(IPAddress.Loopback, 0))] };
        configure?.Invoke(options);
        (Device, Exports) = (device, exports);
        Server = new NbdServer(exports, options, Time, Log);
    }

    public ScriptedDevice Device { get; }
    public FixedExports Exports { get; }
    public WatchedTime Time { get; } = new();
    public RecordedLog Log { get; } = new();
    public NbdServer Server { get; }
    public NbdListenAddress Address => Server.Addresses[0];

    public static async Task<ServerUnderTest> StartAsync(
        ScriptedDevice? device = null, Action<NbdServerOptions>? configure = null, params (string, IBlockDevice)[] others)
    {
        device ??= new ScriptedDevice(1024 * 1024);
        var server = new ServerUnderTest(device, new FixedExports([(Export, device), .. others]), configure);
        await server.Server.StartAsync(CancellationToken.None);
        return server;
    }

    public Task<RawClient> ConnectAsync() => RawClient.ConnectAsync(Address);

    public Task<RawClient> InTransmissionAsync(bool structured = true) => RawClient.InTransmissionAsync(Address, Export, structured);

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
