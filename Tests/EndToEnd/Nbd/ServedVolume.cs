using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Nbd;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Tests.Kit.Nbd;
using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.EndToEnd.Nbd;

/// <summary>A device in a temporary folder, served by the agent's NBD server on TCP and on a Unix socket, for clients in processes of their own.</summary>
internal sealed class ServedVolume : IAsyncDisposable
{
    private readonly IBlockDevice _device;
    private readonly NbdServer _server;

    private ServedVolume(string folder, IBlockDevice device, NbdTlsFiles? tls)
    {
        (Folder, _device) = (folder, device);
        var options = new NbdServerOptions
        {
            Listen = [NbdListenAddress.Tcp(new IPEndPoint(IPAddress.Loopback, 0)), NbdListenAddress.Unix(PathOf("nbd.sock"))],
            Tls = tls,
        };
        if (tls is not null)
            options.Listen = [.. options.Listen.Select(static address => address with { Tls = NbdTlsMode.Required })];
        _server = new NbdServer(new FixedExports(("disk", device)), options, TimeProvider.System, NullLogger<NbdServer>.Instance);
    }

    public string Folder { get; }

    public string TcpUri => _server.Addresses[0].UriOf("disk");

    public string UnixUri => _server.Addresses[1].UriOf("disk");

    public IPEndPoint TcpAddress => (IPEndPoint)_server.Addresses[0].EndPoint;

    /// <summary>With <paramref name="tls"/> clients need TLS everywhere.</summary>
    public static async Task<ServedVolume> StartAsync(long sizeBytes, bool hasWriteLog, NbdTlsFiles? tls = null)
    {
        var folder = Directory.CreateTempSubdirectory("tidegate-nbd-").FullName;
        var disk = new LinuxDisk(Path.Combine(folder, "volume"));
        var served = new ServedVolume(folder, hasWriteLog ? await LoggedAsync(disk, sizeBytes) : new RawFileDevice(disk.Open("store.raw", sizeBytes)), tls);
        await served._server.StartAsync(CancellationToken.None);
        return served;
    }

    public string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>A file of pseudo-random bytes, with a hole in its middle third.</summary>
    public string ImageWithHole(string name, int sizeBytes, int seed)
    {
        var path = PathOf(name);
        var bytes = new byte[sizeBytes / 3];
        using var file = File.Create(path);
        file.SetLength(sizeBytes);
        var random = new Random(seed);
        random.NextBytes(bytes);
        file.Write(bytes);
        random.NextBytes(bytes);
        file.Position = sizeBytes - bytes.Length;
        file.Write(bytes);
        return path;
    }

    /// <summary>With a log so small that every test goes round it.</summary>
    private static async Task<LoggedVolume> LoggedAsync(LinuxDisk disk, long sizeBytes)
    {
        var options = new LoggedVolumeOptions
        {
            Log = new WriteLogOptions { VolumeId = "vol-served", CapacityBytes = 40L << 20, RetainUntilCommitted = false },
            SizeBytes = sizeBytes,
        };
        LoggedVolume.Create(disk, options);
        // A client that another test starts at this moment inherits the lock of the file just closed, until it is a program of
        // its own.
        LoggedVolume? volume = null;
        await Eventually.TrueAsync("the new volume opens", () =>
        {
            volume = LoggedVolume.Open(disk, options);
            return Task.FromResult(true);
        });
        return volume!;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _device.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
