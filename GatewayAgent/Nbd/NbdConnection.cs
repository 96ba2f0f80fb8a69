using System.Diagnostics;
using Tidegate.GatewayAgent.Volumes;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>One client connection from accept to close, on a thread of its own.</summary>
internal sealed class NbdConnection : INbdHandshake
{
    private readonly NbdSocket _socket;
    private readonly string _remote;
    private readonly IExportSource _exports;
    private readonly NbdServerOptions _options;
    private readonly NbdAdmission _admission;
    private readonly NbdPlace _place;
    private readonly NbdTls? _tls;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile NbdTransmission? _transmission;
    private volatile bool _isDraining;
    private volatile bool _isLate;

    /// <summary>Makes a connection that has not begun. <paramref name="tls"/> is needed where the mode is not off.</summary>
    public NbdConnection(
        NbdSocket socket, NbdCaller caller, NbdAdmission admission, IExportSource exports, NbdServerOptions options, NbdTls? tls, TimeProvider time, ILogger logger)
    {
        (_socket, _remote, TlsMode, _exports, _options, _tls, _time, _logger) = (socket, caller.Remote, caller.TlsMode, exports, options, tls, time, logger);
        (_admission, _place) = (admission, new NbdPlace(caller.CountedAs, Abort));
    }

    /// <inheritdoc/>
    public NbdTlsMode TlsMode { get; }

    /// <inheritdoc/>
    public bool IsStopping => _isDraining;

    /// <summary>The client, for people.</summary>
    public string Remote => _remote;

    /// <summary>Completes, without failing, when everything of the connection is over and given back.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Begins; returns the handshake whose place this one took, cut off already.</summary>
    public bool Start()
    {
        var displaced = _admission.Enter(_place);
        displaced?.Displace();
        new Thread(Run, 512 * 1024) { IsBackground = true, Name = "nbd" }.Start();
        return displaced is not null;
    }

    /// <summary>Answers what has been received, then closes: requests that run are finished, the rest get ESHUTDOWN.</summary>
    public void Drain()
    {
        _isDraining = true;
        _transmission?.Drain();
        _socket.StopReceiving();
    }

    /// <summary>Cuts the connection off: reads are cancelled, writes that run in the device end in their own time.</summary>
    public void Abort()
    {
        _socket.Abort();
        _transmission?.CancelReads();
    }

    private void Run()
    {
        var input = new NbdInput(_socket);
        var queue = new NbdReplyQueue(_socket);
        NbdTerms? terms = null;
        try
        {
            terms = Negotiate(input, queue);
            if (terms is not null)
                Serve(input, queue, terms);
            if (queue.WaitUntilSent())
                _socket.EndTls();
        }
        catch (NbdProtocolException broken)
        {
            queue.Send(wait: false);
            NbdLog.Closed(_logger, _remote, broken.Message);
        }
        catch (Exception failure)
        {
            NbdLog.Broke(_logger, failure, _remote);
        }
        finally
        {
            _socket.Abort();
            queue.Dispose();
            input.Dispose();
            _socket.Dispose();
            if (terms is not null)
                GiveBack(terms.Lease);
            _admission.Leave(_place);
            _ended.SetResult();
        }
    }

    private NbdTerms? Negotiate(NbdInput input, NbdReplyQueue queue)
    {
        using var deadline = _time.CreateTimer(
            static state =>
            {
                var late = (NbdConnection)state!;
                late._isLate = true;
                late._socket.Abort();
            },
            this, _options.HandshakeTimeout, Timeout.InfiniteTimeSpan);
        NbdTerms? terms;
        try
        {
            terms = new NbdNegotiation(input, queue, _exports, _options, this).Run();
        }
        catch (NbdProtocolException) when (_isLate)
        {
            // What was broken was broken by the end of the time.
            terms = null;
        }
        if (!_isLate)
            return terms;
        if (terms is not null)
            GiveBack(terms.Lease);
        throw new NbdProtocolException($"the handshake took longer than {_options.HandshakeTimeout.TotalSeconds:0.#} s");
    }

    void INbdHandshake.StartTls()
    {
        var subject = _socket.StartTls((_tls ?? throw new UnreachableException()).Current());
        NbdLog.TlsBegan(_logger, _remote, subject);
    }

    string? INbdHandshake.BeginSession() => _admission.BeginSession(_place);

    private void Serve(NbdInput input, NbdReplyQueue queue, NbdTerms terms)
    {
        var export = terms.Lease.Export.Name;
        using var transmission = new NbdTransmission(input, queue, terms, _options, _logger, _remote);
        _transmission = transmission;
        if (_isDraining)
            transmission.Drain();
        using var revoked = terms.Lease.Revoked.UnsafeRegister(static state => ((NbdConnection)state!).Drain(), this);
        input.Widen();
        queue.Widen();
        NbdLog.SessionBegan(_logger, _remote, export, terms.StructuredReplies);
        queue.Send(wait: true);
        transmission.Run();
        NbdLog.SessionEnded(_logger, _remote, export);
    }

    private void GiveBack(IExportLease lease)
    {
        try
        {
            lease.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
        catch (Exception failure)
        {
            NbdLog.Broke(_logger, failure, _remote);
        }
    }
}
