using System.Collections.Concurrent;
using System.Net.Sockets;
using Tidegate.GatewayAgent.Volumes;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>Serves volumes by NBD (docs/protocols/nbd.md) on every address of its options, from start to stop.</summary>
internal sealed class NbdServer : IHostedService, IAsyncDisposable
{
    private static readonly TimeSpan StuckInterval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan DisplacedInterval = TimeSpan.FromSeconds(10);
    private readonly NbdServerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<NbdServer> _logger;
    private readonly ConcurrentDictionary<NbdConnection, byte> _connections = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<NbdListener> _listeners = [];
    private readonly Lock _displacedGate = new();
    private long? _displacedTold;
    private int _displaced;
    private NbdShared _shared;
    private ITimer? _looking;
    private Task _accepting = Task.CompletedTask;

    /// <summary>Checks the options; throws <see cref="ArgumentException"/> naming every fault.</summary>
    public NbdServer(IExportSource exports, NbdServerOptions options, TimeProvider time, ILogger<NbdServer> logger)
    {
        options.Validate();
        (_options, _time, _logger) = (options, time, logger);
        _shared = new NbdShared(exports, options, new NbdAdmission(options), new NbdMemory(options.MaxBytesInAll), Tls: null, time, logger);
    }

    /// <summary>Where it listens once started, ports filled in, in the order of the options.</summary>
    public IReadOnlyList<NbdListenAddress> Addresses => [.. _listeners.Select(listener => listener.Address)];

    /// <summary>Open connections, handshakes included.</summary>
    public int ConnectionCount => _connections.Count;

    /// <summary>Connections that have not agreed on an export yet.</summary>
    public int HandshakeCount => _shared.Admission.Handshakes;

    /// <summary>True while a large request waits for memory.</summary>
    public bool IsWaitedFor => _shared.Memory.IsWaitedFor;

    /// <summary>Bytes in the buffers of all sessions.</summary>
    public long BufferedBytes => _shared.Memory.UsedBytes;

    /// <summary>
    /// Reads the files for TLS, binds every address, then accepts. Throws <see cref="IOException"/> when the files cannot be
    /// used or an address cannot be had; then none is kept.
    /// </summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (_options.Tls is { } files)
            _shared = _shared with { Tls = NbdTls.Open(files, _time, _logger) };
        try
        {
            foreach (var address in _options.Listen)
                _listeners.Add(NbdListener.Open(address, _time, _logger));
        }
        catch
        {
            CloseListeners();
            throw;
        }
        foreach (var listener in _listeners)
        {
            NbdLog.Listening(_logger, listener.Address);
            if (!listener.Address.IsLocal && listener.Address.TlsMode != NbdTlsMode.Required)
                NbdLog.OpenToOthers(_logger, listener.Address);
        }
        _looking = _time.CreateTimer(static state => ((NbdServer)state!).CutOffStuck(), this, StuckInterval, StuckInterval);
        _accepting = Task.WhenAll(_listeners.Select(listener => listener.AcceptAsync(Accepted, _stopping.Token)));
        return Task.CompletedTask;
    }

    /// <summary>Drains every connection, cuts off what is left after the grace period or when the caller gives up, and waits for the end.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (!_stopping.IsCancellationRequested)
            await _stopping.CancelAsync();
        await _accepting;
        if (_looking is not null)
            await _looking.DisposeAsync();
        CloseListeners();
        foreach (var connection in _connections.Keys)
            connection.Drain();
        var ended = Task.WhenAll(_connections.Keys.Select(connection => connection.Ended));
        try
        {
            await ended.WaitAsync(_options.StopGrace, _time, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            foreach (var connection in _connections.Keys)
                connection.Abort();
            await ended;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(new CancellationToken(canceled: true));
        _stopping.Dispose();
    }

    private void Accepted(Socket socket, NbdCaller caller)
    {
        var connection = new NbdConnection(new NbdSocket(socket), caller, _shared);
        _connections.TryAdd(connection, 0);
        _ = ForgetAsync(connection);
        if (connection.Start())
            NoteDisplaced(caller.Remote);
    }

    /// <summary>A client that takes no replies is waited for as long as only it has to wait; memory that others need is taken back.</summary>
    private void CutOffStuck()
    {
        var isWaitedFor = _shared.Memory.IsWaitedFor;
        foreach (var connection in _connections.Keys)
        {
            if (!connection.IsStuckSinceLastLook() || !isWaitedFor)
                continue;
            NbdLog.Stuck(_logger, connection.Remote, StuckInterval.TotalSeconds);
            connection.Abort();
        }
    }

    private async Task ForgetAsync(NbdConnection connection)
    {
        await connection.Ended;
        _connections.TryRemove(connection, out _);
    }

    /// <summary>Whoever floods the server does not flood its log as well.</summary>
    private void NoteDisplaced(string newcomer)
    {
        int count;
        lock (_displacedGate)
        {
            _displaced++;
            if (_displacedTold is { } told && _time.GetElapsedTime(told) < DisplacedInterval)
                return;
            (count, _displaced, _displacedTold) = (_displaced, 0, _time.GetTimestamp());
        }
        NbdLog.Displaced(_logger, count, newcomer);
    }

    private void CloseListeners()
    {
        foreach (var listener in _listeners)
            listener.Dispose();
        // The addresses stay known to whoever shows them until the end.
    }
}
