using System.Security.Cryptography.X509Certificates;
using Tidegate.Client.Rest;
using Tidegate.GatewayAgent.Activation;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Identity;
using Tidegate.GatewayAgent.Link;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.GatewayAgent.Nbd;
using Tidegate.GatewayAgent.Options;
using Tidegate.GatewayAgent.Volumes;

namespace Tidegate.GatewayAgent.Commands;

/// <summary>
/// The agent from start to stop. Local things come first and need no service: state, volumes, block service, page, ready
/// file. Then, in the background, activation and the link. It stops in the reverse order of use: hosts are drained, volumes
/// synced and closed, then the link ends.
/// </summary>
internal sealed partial class AgentProcess(
    AgentOptions options, AgentParts parts, ActivationTerminal terminal, TimeProvider time, IHostApplicationLifetime lifetime, ILoggerFactory loggers)
    : IHostedService, IAsyncDisposable
{
    /// <summary>In the state directory: where the running agent is, for <c>status --state</c>.</summary>
    public const string RunFile = "agent.json";

    private readonly ILogger _logger = loggers.CreateLogger<AgentProcess>();
    private readonly StatusBoard _board = new(options.Service, options.Console, time);
    private readonly LinkHolder _link = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<ReadyFile> _readyFiles = [];
    private IDisposable? _stateLock;
    private IdentityStore? _identity;
    private IVolumeHost? _volumes;
    private NbdServer? _nbd;
    private LocalConsoleServer? _page;
    private RequestInbox? _inbox;
    private volatile Func<X509Certificate2Collection>? _trusted;
    private Task _background = Task.CompletedTask;
    private Task _announcing = Task.CompletedTask;
    private int _disposed;

    /// <summary>Throughput; whoever runs the process has it sampled.</summary>
    public TrafficRecorder Traffic => field ??= new TrafficRecorder(_board, time);

    /// <summary>What it is doing, volumes included.</summary>
    public AgentStatus Status() => _board.Current;

    /// <summary>How the process should end.</summary>
    public int ExitCode { get; private set; } = Commands.ExitCode.Success;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _stateLock = StateLock.Take(options.StateDirectory);
        StateFormat.CheckAndNote(options.StateDirectory);
        _identity = IdentityStore.Open(options.IdentityDirectory);
        // A damaged identity stops the agent before anything is served under it.
        var credential = _identity.LoadCredential();
        if (credential is not null) _board.SetGateway(credential);
        var authorities = credential?.Authorities ?? PinnedTrust.LoadRoots(options.CaFile);
        _volumes = parts.CreateVolumes(() => _trusted?.Invoke() ?? authorities, _link, name => [.. _nbd!.Addresses.Select(a => a.UriOf(name))]);
        _nbd = new NbdServer(_volumes.Exports, parts.Nbd, time, loggers.CreateLogger<NbdServer>());
        // Volumes first: a host that reconnects the moment the port answers must find its export.
        await _volumes.StartAsync(cancellationToken);
        await _nbd.StartAsync(cancellationToken);
        _board.SetNbdUri(_nbd.Addresses[0].UriOf(""));
        _board.ReadVolumesFrom(_volumes.GetStatuses);
        _page = await LocalConsoleServer.StartAsync(
            options.Local, new PageSources(_board, Traffic, parts.Diagnostics), time, loggers, cancellationToken);
        terminal.LocalUrl = _page.Url;
        _readyFiles.Add(new ReadyFile(Path.Combine(options.StateDirectory, RunFile), _page.Url));
        if (options.ReadyFile is { } readyFile) _readyFiles.Add(new ReadyFile(readyFile, _page.Url));
        _announcing = AnnounceAsync();
        _background = RunAsync(credential);
        LogStarted(_logger, _board.Current.AgentVersion, options.StateDirectory, _board.Current.NbdUri, _page.Url);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_stopping.IsCancellationRequested) return;
        _board.SetState(AgentState.Stopping);
        LogStopping(_logger);
        if (_nbd is not null) await _nbd.StopAsync(cancellationToken);
        if (_inbox is not null) await _inbox.StopAsync(cancellationToken);
        if (_volumes is not null) await _volumes.StopAsync(cancellationToken);
        await _stopping.CancelAsync();
        await _background;
        await _announcing;
        if (_page is not null) await _page.DisposeAsync();
        foreach (var file in _readyFiles) file.Remove();
        LogStopped(_logger);
    }

    /// <summary>Repeatable: the host knows this object by two names and disposes it under each.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await _stopping.CancelAsync();
        if (_nbd is not null) await _nbd.DisposeAsync();
        if (_volumes is not null) await _volumes.DisposeAsync();
        _inbox?.Dispose();
        _stateLock?.Dispose();
        _stopping.Dispose();
    }

    private async Task RunAsync(GatewayCredential? stored)
    {
        try
        {
            var credential = stored ?? await ActivateAsync();
            using var credentials = new CredentialKeeper(_identity!, credential);
            _trusted = () => credentials.Authorities;
            _board.SetGateway(credentials.InUse);
            var connector = parts.CreateConnector(credentials);
            using var renewal = new CertificateRenewal(credentials, parts.CreateCertificateService(connector), time, loggers.CreateLogger<CertificateRenewal>());
            var journal = new RequestJournal(new LinuxDisk(options.RequestsDirectory), time, loggers.CreateLogger<RequestJournal>());
            _inbox = new RequestInbox(journal, _volumes!, renewal, _board, time, loggers.CreateLogger<RequestInbox>());
            var session = new LinkSession(connector, _link, journal, _inbox, _volumes!, _board, time, loggers.CreateLogger<LinkSession>());
            using var over = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            Task[] both = [RenewAsync(renewal, credentials, over.Token), HoldAsync(session, over.Token)];
            try
            {
                await await Task.WhenAny(both);
            }
            finally
            {
                await over.CancelAsync();
                await Task.WhenAll(both).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The orderly end.
        }
        catch (IdentityException fault)
        {
            End(Commands.ExitCode.Identity, $"{fault.Message} {fault.NextStep}", fault);
        }
        catch (DiskFaultException fault)
        {
            End(Commands.ExitCode.Local, "A disk of the state directory failed; check it and start again.", fault);
        }
        catch (Exception fault)
        {
            End(Commands.ExitCode.Failure, "Management failed unexpectedly; start the agent again and report this.", fault);
        }
    }

    private async Task HoldAsync(LinkSession session, CancellationToken cancellationToken)
    {
        await session.RunAsync(cancellationToken);
        // Superseded: volumes are served locally until somebody stops or restarts this agent.
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
    }

    // Also while there is no link: the certificate grows old all the same.
    private async Task RenewAsync(CertificateRenewal renewal, CredentialKeeper credentials, CancellationToken cancellationToken)
    {
        var renewing = renewal.RunAsync(cancellationToken);
        var shown = credentials.InUse;
        while (!renewing.IsCompleted)
        {
            var changed = credentials.WhenChanged;
            if (!ReferenceEquals(shown, credentials.InUse)) _board.SetCertificate(shown = credentials.InUse);
            await Task.WhenAny(renewing, changed);
        }

        await renewing;
    }

    private async Task<GatewayCredential> ActivateAsync()
    {
        var service = parts.CreateActivationService();
        try
        {
            var runner = new ActivationRunner(
                _identity!, service, MachineMetadata.Collect, new ActivationDisplays(_board, terminal), time, loggers.CreateLogger<ActivationRunner>());
            _board.SetState(AgentState.Activating);
            return await runner.RunAsync(_stopping.Token);
        }
        finally
        {
            (service as IDisposable)?.Dispose();
        }
    }

    private async Task AnnounceAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            var changed = _board.WhenChanged;
            foreach (var file in _readyFiles) Announce(file);
            await changed.WaitAsync(_stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // One that cannot be written, on a full disk for example, does not keep the others from being so.
    private void Announce(ReadyFile file)
    {
        try
        {
            file.Update(_board.Current);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            LogNotAnnounced(_logger, fault.Message);
        }
    }

    private void End(int exitCode, string what, Exception fault)
    {
        LogFatal(_logger, fault, what);
        ExitCode = exitCode;
        lifetime.StopApplication();
    }

    [LoggerMessage(2000, LogLevel.Information, "Agent {Version} runs on {StateDirectory}; volumes at {NbdUri}, page at {Page}")]
    private static partial void LogStarted(ILogger logger, string version, string stateDirectory, string nbdUri, string page);
    [LoggerMessage(2090, LogLevel.Information, "Stopping: draining hosts, syncing volumes")]
    private static partial void LogStopping(ILogger logger);
    [LoggerMessage(2091, LogLevel.Information, "Stopped; everything acknowledged is durable")]
    private static partial void LogStopped(ILogger logger);
    [LoggerMessage(2092, LogLevel.Critical, "{What}")]
    private static partial void LogFatal(ILogger logger, Exception fault, string what);
    [LoggerMessage(2093, LogLevel.Warning, "The ready file could not be written: {Why}")]
    private static partial void LogNotAnnounced(ILogger logger, string why);
}
