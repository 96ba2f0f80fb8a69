using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Spectre.Console;
using Tidegate.GatewayAgent.Commands;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Identity;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.GatewayAgent.Nbd;
using Tidegate.GatewayAgent.Options;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Time;
using Tidegate.Tests.Unit.Agent.Activation;
using Tidegate.Tests.Unit.Agent.Identity;
using Tidegate.Tests.Unit.Agent.Link;
using Xunit;

namespace Tidegate.Tests.Unit.Agent.Commands;

public sealed class AgentProcessTests : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidegate-agent-").FullName;
    // Polls are waited for; the limits of a link, which are longer, never run out here.
    private static readonly TimeSpan Polls = TimeSpan.FromSeconds(5);
    private readonly WatchedTime _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly FakeActivationService _service;
    private readonly FakeConnector _connector = new();
    private readonly RecordingLifetime _lifetime = new();
    private readonly List<FakeVolumeHost> _volumes = [];

    public AgentProcessTests() => _service = new FakeActivationService(_time) { ClaimedAfterPolls = null };

    private string ReadyPath => Path.Combine(_folder, "ready.json");

    [Fact]
    public async Task From_activation_to_the_link_and_to_an_orderly_end()
    {
        await using var process = Process();
        await process.StartAsync(CancellationToken.None);
        await UntilReadyAsync(r => r["activationKey"] is not null);
        Assert.StartsWith("nbd://127.0.0.1:", (string?)Ready()["nbdUri"], StringComparison.Ordinal);
        Assert.Equal("started", Assert.Single(_volumes).State);

        _service.ClaimedAfterPolls = 0;
        await UntilReadyAsync(r => r["gatewayId"] is not null && r["activationKey"] is null);
        var connecting = _connector.NextAsync();
        (await connecting.OrHungAsync()).Send(new LinkAccepted(1, "silo"));
        await UntilReadyAsync(r => (string?)r["state"] == "connected");

        await process.StopAsync(CancellationToken.None);
        Assert.Equal("stopped", _volumes[0].State);
        Assert.False(File.Exists(ReadyPath));
        Assert.False(File.Exists(Path.Combine(_folder, AgentProcess.RunFile)));
        Assert.Equal((0, false), (process.ExitCode, _lifetime.Stopping.IsCompleted));
        // The host disposes what it made under every name that it has for it.
        await process.DisposeAsync();
        await process.DisposeAsync();
    }

    [Fact]
    public async Task A_second_agent_on_the_same_state_is_refused_and_the_first_goes_on()
    {
        await using var first = Process();
        await first.StartAsync(CancellationToken.None);
        await using var second = Process();
        await Assert.ThrowsAsync<DiskFaultException>(() => second.StartAsync(CancellationToken.None));
        await UntilReadyAsync(r => r["activationKey"] is not null);
        await first.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_damaged_identity_stops_the_agent_before_it_serves()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "identity"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "identity", IdentityStore.CertificateFile), "x");
        await using var process = Process();
        await Assert.ThrowsAsync<IdentityException>(() => process.StartAsync(CancellationToken.None));
        Assert.Empty(_volumes);
    }

    [Fact]
    public async Task Damaged_progress_ends_the_agent_with_its_own_exit_code()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "identity"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "identity", IdentityStore.ActivationFile), "{");
        await using var process = Process();
        await process.StartAsync(CancellationToken.None);
        await _lifetime.Stopping.OrHungAsync();
        await process.StopAsync(CancellationToken.None);
        Assert.Equal(ExitCode.Identity, process.ExitCode);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var volumes in _volumes) await volumes.DisposeAsync();
        _service.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private AgentProcess Process()
    {
        var options = new AgentOptions
        {
            StateDirectory = _folder,
            Service = new Uri("https://service"),
            CaFile = CaFile(),
            Nbd = [NbdListenAddress.Tcp(new IPEndPoint(IPAddress.Loopback, 0))],
            Local = new IPEndPoint(IPAddress.Loopback, 0),
            Console = new Uri("https://console/activate"),
            ReadyFile = ReadyPath,
        };
        var parts = new AgentParts
        {
            Nbd = new NbdServerOptions { Listen = [NbdListenAddress.Tcp(new IPEndPoint(IPAddress.Loopback, 0))] },
            Diagnostics = static () => new DiagnosticsDocument(new Dictionary<string, string>(), new Dictionary<string, double>(), []),
            CreateActivationService = () => new Undisposed(_service),
            CreateConnector = _ => _connector,
            CreateCertificateService = static _ => new FakeCertificateService(),
            CreateVolumes = (_, _, _) =>
            {
                _volumes.Add(new FakeVolumeHost());
                return _volumes[^1];
            },
        };
        var terminal = new ActivationTerminal(AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) }));
        return new AgentProcess(options, parts, terminal, _time, _lifetime, NullLoggerFactory.Instance);
    }

    private Task UntilReadyAsync(Func<JsonNode, bool> condition) => _time.RunWaitsAsync(() => File.Exists(ReadyPath) && condition(Ready()), Polls);

    private JsonNode Ready() => JsonNode.Parse(File.ReadAllText(ReadyPath))!;

    private string CaFile()
    {
        var file = Path.Combine(_folder, "ca.pem");
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=x", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(_time.GetUtcNow(), _time.GetUtcNow().AddHours(1));
        File.WriteAllText(file, certificate.ExportCertificatePem());
        return file;
    }

    /// <summary>The test's service outlives the process that uses it.</summary>
    private sealed class Undisposed(FakeActivationService service) : GatewayAgent.Activation.IActivationService
    {
        public Task<Client.Grain.Agents.ActivationSessionReply> OpenSessionAsync(Client.Grain.Agents.ActivationSessionRequest request, CancellationToken cancellationToken) =>
            service.OpenSessionAsync(request, cancellationToken);

        public Task<Client.Grain.Agents.ActivationPollReply> PollAsync(Client.Grain.Agents.ActivationPollRequest request, CancellationToken cancellationToken) =>
            service.PollAsync(request, cancellationToken);

        public Task<Client.Grain.Agents.ActivationCertificateReply> RequestCertificateAsync(Client.Grain.Agents.ActivationCertificateRequest request, CancellationToken cancellationToken) =>
            service.RequestCertificateAsync(request, cancellationToken);
    }

    private sealed class RecordingLifetime : IHostApplicationLifetime
    {
        private readonly TaskCompletionSource _stopping = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Stopping => _stopping.Task;
        public CancellationToken ApplicationStarted => CancellationToken.None;
        public CancellationToken ApplicationStopping => CancellationToken.None;
        public CancellationToken ApplicationStopped => CancellationToken.None;
        public void StopApplication() => _stopping.TrySetResult();
    }
}
