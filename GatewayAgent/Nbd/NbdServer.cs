using System.Collections.Concurrent;
using System.Net.Sockets;
using Tidegate.GatewayAgent.Volumes;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>Serves volumes by NBD (docs/protocols/nbd.md) on every address of its options, from start to stop.</summary>
internal sealed class NbdServer : IHostedService, IAsyncDisposable
{
    private static readonly TimeSpan DisplacedInterval = TimeSpan.FromSeconds(10);
    private readonly IExportSource _exports;
    private readonly NbdServerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<NbdServer> _logger;
    private readonly NbdAdmission _admission;
    private readonly ConcurrentDictionary<NbdConnection, byte> _connections = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<NbdListener> _listeners = [];
    private readonly Lock _displacedGate = new();
    private long? _displacedTold;
    private int _displaced;
    private NbdTls? _tls;
    private Task _accepting = Task.CompletedTask;

    /// <summary>Checks the options; throws <see cref="ArgumentException"/> naming every fault.</summary>
    public NbdServer(IExportSource exports, NbdServerOptions options, TimeProvider time, ILogger<NbdServer> logger)
    {
        options.Validate();
        (_exports, _options, _time, _logger) = (exports, options, time, logger);
        _admission = new NbdAdmission(options);
    }

    /// <summary>Where it listens once started, ports filled in, in the order of the options.</summary>
    public IReadOnlyList<NbdListenAddress> Addresses => [.. _listeners.Select(listener => listener.Address)];

    /// <summary>Open connections, handshakes included.</summary>
    public int ConnectionCount => _connections.Count;

    /// <summary>Connections that have not agreed on an export yet.</summary>
    public int HandshakeCount => _admission.Handshakes;

    /// <summary>
    /// Reads the files for TLS, binds every address, then accepts. Throws <see cref="IOException"/> when the files cannot be
    /// used or an address cannot be had; then none is kept.
    /// </summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (_options.Tls is { } files)
            _tls = NbdTls.Open(files, _time, _logger);
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
        _accepting = Task.WhenAll(_listeners.Select(listener => listener.AcceptAsync(Accepted, _stopping.Token)));
        return Task.CompletedTask;
    }

    /// <summary>Drains every connection, cuts off what is left after the grace period or when the caller gives up, and waits for the end.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (!_stopping.IsCancellationRequested)
            await _stopping.CancelAsync();
        await _accepting;
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
        var connection = new NbdConnection(new NbdSocket(socket), caller, _admission, _exports, _options, _tls, _time, _logger);
        _connections.TryAdd(connection, 0);
        _ = ForgetAsync(connection);
        if (connection.Start())
            NoteDisplaced(caller.Remote);
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
