using System.Net;
using System.Security.Cryptography;

namespace Tidegate.Tests.Kit.Processes;

/// <summary>A private Azurite (Azure Blob service) over a temporary folder and a loopback port, with an account of its own.</summary>
public sealed class AzuriteServer : IAsyncDisposable
{
    private const string Account = "tidegate";
    private const string Serving = "successfully listens on ";

    private readonly string _folder;
    private readonly string _key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));
    private ManagedProcess _process = null!;
    private HeldPorts? _held;

    private AzuriteServer(string folder) => _folder = folder;

    /// <summary>Where it listens, for example <c>http://127.0.0.1:40123</c>.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>For Azure's client, straight to the server.</summary>
    public string ConnectionString => ConnectionStringVia(Address);

    /// <summary>For Azure's client, through a proxy in front of the server.</summary>
    public string ConnectionStringVia(Uri address) =>
        $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={_key};BlobEndpoint={address.GetLeftPart(UriPartial.Authority)}/{Account};";

    /// <summary>Has a silo keep its blobs here; through a proxy when there is one.</summary>
    public IReadOnlyDictionary<string, string> SiloSettings(Uri? via = null) => new Dictionary<string, string>
    {
        ["Tidegate__Blobs__Provider"] = "azure",
        ["Tidegate__Blobs__ConnectionString"] = ConnectionStringVia(via ?? Address),
        ["Tidegate__Blobs__AllowHttp"] = "true",
    };

    /// <summary>Starts it; empty.</summary>
    public static async Task<AzuriteServer> StartAsync()
    {
        var server = new AzuriteServer(Directory.CreateTempSubdirectory("tidegate-azurite-").FullName);
        try
        {
            await server.RunAsync(port: 0);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops it: the store is away, its data stays. (Killed, it would forget what it had acknowledged in its last seconds.)</summary>
    public async Task StopAsync()
    {
        await _process.TerminateAsync();
        _held = new HeldPorts([new IPEndPoint(IPAddress.Loopback, Address.Port)]);
    }

    /// <summary>Starts it again on its port.</summary>
    public async Task StartAgainAsync()
    {
        await RunAsync(Address.Port);
        _held?.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _held?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task RunAsync(int port)
    {
        var log = Path.Combine(_folder, $"log-{RandomNumberGenerator.GetHexString(8)}");
        _process = ManagedProcess.Start(
            "Azurite", Repository.Tool("node"),
            [
                Program(), "--blobHost", "127.0.0.1", "--blobPort", $"{port}", "--location", Path.Combine(_folder, "data"),
                "--skipApiVersionCheck", "--disableTelemetry", "--silent",
            ],
            log, readyPath: log + ".ready", new Dictionary<string, string> { ["AZURITE_ACCOUNTS"] = $"{Account}:{_key}" });
        await Eventually.TrueAsync("Azurite serves", () => Task.FromResult(_process.HasExited || _process.LogTail().Contains(Serving, StringComparison.Ordinal)));
        if (_process.HasExited) throw new InvalidOperationException($"Azurite ended; its log:\n{_process.LogTail()}");
        var line = File.ReadLines(log).First(l => l.Contains(Serving, StringComparison.Ordinal));
        Address = new Uri(line[(line.IndexOf(Serving, StringComparison.Ordinal) + Serving.Length)..]);
    }

    /// <summary>Where <c>./dev deps</c> installs it (<c>infra/dev/common.sh</c>).</summary>
    private static string Program()
    {
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named
            ? named
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        var program = Path.Combine(cache, "tidegate", "azurite", "node_modules", "azurite", "dist", "src", "blob", "main.js");
        return File.Exists(program) ? program : throw new FileNotFoundException($"Azurite is missing on this machine ({program}); './dev deps' installs it.");
    }
}
