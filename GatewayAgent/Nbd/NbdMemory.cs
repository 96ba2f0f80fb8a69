namespace Tidegate.GatewayAgent.Nbd;

/// <summary>
/// What all sessions of a server hold in buffers (I11; docs/protocols/nbd.md, Memory). A large request is read only when its
/// bytes have been granted, in the order in which sessions asked; since each session asks for one at a time, they take turns.
/// Small requests are never held here, but sessions go on with few of them while <see cref="IsScarce"/>.
/// </summary>
internal sealed class NbdMemory(long limitBytes)
{
    private readonly object _gate = new();
    private readonly LinkedList<long> _waiting = new();
    private long _used;
    private long _granted;
    private volatile bool _isScarce;

    /// <summary>Bytes in buffers.</summary>
    public long UsedBytes => Volatile.Read(ref _used);

    /// <summary>True while all of the limit is used, or somebody waits for some of it.</summary>
    public bool IsScarce => _isScarce;

    /// <summary>True while a large request waits.</summary>
    public bool IsWaitedFor
    {
        get
        {
            lock (_gate)
                return _waiting.Count > 0;
        }
    }

    /// <summary>Waits for bytes that <see cref="Rent"/> then turns into buffers. One request is let through even when small ones hold everything.</summary>
    /// <exception cref="OperationCanceledException">The session was cut off while it waited.</exception>
    public void Grant(long bytes, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_waiting.Count > 0 || !Fits(bytes))
                WaitForTurn(bytes, cancellationToken);
            _granted += bytes;
            Change(bytes);
        }
    }

    /// <summary>The same when it need not wait; else false, and nothing is granted.</summary>
    public bool TryGrant(long bytes)
    {
        lock (_gate)
        {
            if (_waiting.Count > 0 || !Fits(bytes))
                return false;
            _granted += bytes;
            Change(bytes);
            return true;
        }
    }

    /// <summary>Gives back what a buffer held, or granted bytes that did not become one.</summary>
    public void Return(long bytes, bool wereGranted)
    {
        lock (_gate)
        {
            if (wereGranted)
                _granted -= bytes;
            Change(-bytes);
        }
    }

    /// <summary>A buffer out of granted bytes.</summary>
    public NbdBuffer Rent(int minimumBytes, int grantedBytes) => NbdBuffer.Rent(minimumBytes, this, grantedBytes, isGranted: true);

    /// <summary>A buffer that cannot wait: a session's next piece, or replies of requests that were let through.</summary>
    public NbdBuffer RentAtOnce(int bytes)
    {
        lock (_gate)
            Change(bytes);
        return NbdBuffer.Rent(bytes, this, bytes, isGranted: false);
    }

    private bool Fits(long bytes) => _used + bytes <= limitBytes || _granted == 0;

    private void WaitForTurn(long bytes, CancellationToken cancellationToken)
    {
        var turn = _waiting.AddLast(bytes);
        _isScarce = true;
        var wake = cancellationToken.UnsafeRegister(static state => ((NbdMemory)state!).Wake(), this);
        try
        {
            while (_waiting.First != turn || !Fits(bytes))
            {
                cancellationToken.ThrowIfCancellationRequested();
                Monitor.Wait(_gate);
            }
        }
        finally
        {
            // Not disposed: that waits for a callback which waits for the lock held here.
            wake.Unregister();
            _waiting.Remove(turn);
            Change(0);
        }
    }

    private void Wake()
    {
        lock (_gate)
            Monitor.PulseAll(_gate);
    }

    private void Change(long bytes)
    {
        _used += bytes;
        _isScarce = _waiting.Count > 0 || _used > limitBytes;
        if (bytes <= 0 && _waiting.Count > 0)
            Monitor.PulseAll(_gate);
    }
}
