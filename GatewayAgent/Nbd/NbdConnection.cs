using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using Tidegate.GatewayAgent.Volumes;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>One client connection from accept to close, on a thread of its own.</summary>
internal sealed class NbdConnection : INbdHandshake
{
    private readonly NbdSocket _socket;
    private readonly NbdShared _shared;
    private readonly NbdPlace _place;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile NbdTransmission? _transmission;
    private volatile NbdReplyQueue? _replies;
    private readonly bool _isUnix;
    private X509Certificate2? _client;
    private volatile bool _isDraining;
    private volatile bool _isLate;
    private long _sentAtLastLook = -1;

    /// <summary>Makes a connection that has not begun.</summary>
    public NbdConnection(NbdSocket socket, NbdCaller caller, NbdShared shared)
    {
        (_socket, Remote, TlsMode, _isUnix, _shared) = (socket, caller.Remote, caller.TlsMode, caller.IsUnix, shared);
        _place = new NbdPlace(caller.CountedAs, Abort);
    }

    /// <inheritdoc/>
    public NbdTlsMode TlsMode { get; }

    /// <inheritdoc/>
    public bool IsStopping => _isDraining;

    /// <summary>The client, for people.</summary>
    public string Remote { get; }

    /// <summary>Completes, without failing, when everything of the connection is over and given back.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Begins; returns the handshake whose place this one took, cut off already.</summary>
    public bool Start()
    {
        var displaced = _shared.Admission.Enter(_place);
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

    /// <summary>True when the client has many replies waiting and took no byte of them since the last time this was asked.</summary>
    public bool IsStuckSinceLastLook()
    {
        if (_replies is not { } replies)
            return false;
        var before = _sentAtLastLook;
        _sentAtLastLook = replies.SentBytes;
        return _sentAtLastLook == before && replies.QueuedBytes >= NbdLimits.StuckBytes;
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
            NbdLog.Closed(_shared.Logger, Remote, broken.Message);
        }
        catch (Exception failure)
        {
            NbdLog.Broke(_shared.Logger, failure, Remote);
        }
        finally
        {
            _socket.Abort();
            queue.Dispose();
            input.Dispose();
            _socket.Dispose();
            _client?.Dispose();
            if (terms is not null)
                GiveBack(terms.Lease);
            _shared.Admission.Leave(_place);
            _ended.SetResult();
        }
    }

    private NbdTerms? Negotiate(NbdInput input, NbdReplyQueue queue)
    {
        using var deadline = _shared.Time.CreateTimer(
            static state =>
            {
                var late = (NbdConnection)state!;
                late._isLate = true;
                late._socket.Abort();
            },
            this, _shared.Options.HandshakeTimeout, Timeout.InfiniteTimeSpan);
        NbdTerms? terms;
        try
        {
            // Whoever may use a Unix socket is decided by its file.
            var exports = _shared.Options.Access is { } access && !_isUnix ? new AllowedExports(_shared.Exports, access, () => _client) : _shared.Exports;
            terms = new NbdNegotiation(input, queue, exports, _shared.Options, this).Run();
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
        throw new NbdProtocolException($"the handshake took longer than {_shared.Options.HandshakeTimeout.TotalSeconds:0.#} s");
    }

    void INbdHandshake.StartTls()
    {
        _client = _socket.StartTls((_shared.Tls ?? throw new UnreachableException()).Current());
        NbdLog.TlsBegan(_shared.Logger, Remote, _client?.Subject ?? "");
    }

    string? INbdHandshake.BeginSession() => _shared.Admission.BeginSession(_place);

    private void Serve(NbdInput input, NbdReplyQueue queue, NbdTerms terms)
    {
        var export = terms.Lease.Export.Name;
        using var transmission = new NbdTransmission(input, queue, terms, _shared, Remote);
        _transmission = transmission;
        if (_isDraining)
            transmission.Drain();
        using var revoked = terms.Lease.Revoked.UnsafeRegister(static state => ((NbdConnection)state!).Drain(), this);
        input.Widen(_shared.Memory);
        queue.Widen(_shared.Memory);
        _replies = queue;
        NbdLog.SessionBegan(_shared.Logger, Remote, export, terms.StructuredReplies);
        queue.Send(wait: true);
        transmission.Run();
        NbdLog.SessionEnded(_shared.Logger, Remote, export);
    }

    private void GiveBack(IExportLease lease)
    {
        try
        {
            lease.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
        catch (Exception failure)
        {
            NbdLog.Broke(_shared.Logger, failure, Remote);
        }
    }
}
