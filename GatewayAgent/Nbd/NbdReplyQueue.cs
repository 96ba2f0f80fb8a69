namespace Tidegate.GatewayAgent.Nbd;

/// <summary>
/// Replies on their way to one client. A reply is written into reserved space of a shared buffer and queued when it is
/// complete; neighbours in a buffer leave in one system call. Any thread may queue; one at a time sends.
/// </summary>
/// <remarks>
/// The connection's reader sends with waiting, which holds a client that does not read its replies to the requests it has
/// sent. Others send without waiting; what the socket does not take is left to a thread of its own, started at first need, so
/// that a stuck client never holds a thread of the device or of the pool. The reader is the thread that made the queue.
/// </remarks>
internal sealed class NbdReplyQueue(NbdSocket socket) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly int _readerThread = Environment.CurrentManagedThreadId;
    private readonly SemaphoreSlim _leftOver = new(0);
    private readonly ManualResetEventSlim _drained = new(initialState: true);
    private NbdBuffer _chunk = NbdBuffer.Rent(NbdLimits.HandshakeChunkBytes);
    private NbdMemory? _memory;
    private int _chunkBytes = NbdLimits.HandshakeChunkBytes;
    private int _used;
    private Thread? _sender;
    private List<NbdSlice> _ready = [];
    private List<NbdSlice> _sending = [];
    private int _sendingIndex;
    private int _sentOfFirst;
    private bool _isSending;
    private bool _isBroken;
    private bool _isDisposed;
    private long _queuedBytes;
    private long _sentBytes;

    /// <summary>Bytes that were queued and not yet given to the kernel.</summary>
    public long QueuedBytes => Volatile.Read(ref _queuedBytes);

    /// <summary>Bytes that the kernel has taken so far.</summary>
    public long SentBytes => Volatile.Read(ref _sentBytes);

    /// <summary>A session begins: gathers replies in large pieces from now on.</summary>
    public void Widen(NbdMemory memory)
    {
        lock (_gate)
        {
            (_chunkBytes, _memory) = (NbdLimits.ChunkBytes, memory);
            ReplaceChunk();
        }
    }

    /// <summary>
    /// Space for one reply. The caller passes it to <see cref="Queue"/> or releases it. With <paramref name="grantedBytes"/>
    /// it comes out of bytes that the memory has granted.
    /// </summary>
    public NbdSlice Reserve(int length, int grantedBytes = 0)
    {
        if (grantedBytes > 0)
            return new NbdSlice(_memory!.Rent(length, grantedBytes), 0, length);
        if (length > Volatile.Read(ref _chunkBytes) / 4)
            return new NbdSlice(Rent(length), 0, length);
        lock (_gate)
        {
            if (_chunk.Array.Length - _used < length)
            {
                if (_chunk.IsUnshared)
                    _used = 0;
                else
                    ReplaceChunk();
            }
            else if (_used > 0 && _chunk.IsUnshared)
            {
                // Everything that was written here has been sent: start over in memory that the caches still hold.
                _used = 0;
            }
            _chunk.AddUser();
            var slice = new NbdSlice(_chunk, _used, length);
            _used += length;
            return slice;
        }
    }

    /// <summary>Queues a complete reply, or the start of what was reserved. It leaves with the next <see cref="Send(bool)"/>.</summary>
    public void Queue(in NbdSlice reply)
    {
        lock (_gate)
        {
            if (_isBroken)
            {
                reply.Release();
                return;
            }
            _queuedBytes += reply.Length;
            if (_ready.Count > 0 && _ready[^1] is var last && last.Buffer == reply.Buffer && last.Start + last.Length == reply.Start)
            {
                _ready[^1] = last with { Length = last.Length + reply.Length };
                reply.Release();
                return;
            }
            _ready.Add(reply);
        }
    }

    /// <summary>
    /// Sends what is queued unless another thread is doing so, which then sends this as well. With <paramref name="wait"/>
    /// the call returns when the kernel has everything; without, it never blocks.
    /// </summary>
    public void Send(bool wait)
    {
        lock (_gate)
        {
            if (_isSending || !TryTakeReady())
                return;
            _isSending = true;
            _drained.Reset();
        }
        SendTaken(wait);
    }

    /// <summary>Sends what is queued as the calling thread may: the reader waits, others do not.</summary>
    public void Send() => Send(wait: Environment.CurrentManagedThreadId == _readerThread);

    /// <summary>Waits until nothing is being sent; true when the client is still there.</summary>
    public bool WaitUntilSent()
    {
        Send(wait: true);
        _drained.Wait();
        lock (_gate)
            return !_isBroken;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            Break();
            _chunk.Release();
        }
        _drained.Wait();
        // Ends the sender, if there is one: there is nothing left over any more.
        _leftOver.Release();
        _sender?.Join();
        _leftOver.Dispose();
        _drained.Dispose();
    }

    private void SendTaken(bool wait)
    {
        while (true)
        {
            while (_sendingIndex < _sending.Count)
            {
                var slice = _sending[_sendingIndex];
                var sent = socket.Send(slice.Span[_sentOfFirst..], wait, more: _sendingIndex + 1 < _sending.Count);
                if (sent == 0)
                {
                    SendLeftOver();
                    return;
                }
                if (sent < 0)
                {
                    lock (_gate)
                    {
                        Break();
                        EndSending();
                    }
                    return;
                }
                Interlocked.Add(ref _queuedBytes, -sent);
                Volatile.Write(ref _sentBytes, _sentBytes + sent);
                _sentOfFirst += sent;
                if (_sentOfFirst == slice.Length)
                {
                    slice.Release();
                    _sendingIndex++;
                    _sentOfFirst = 0;
                }
            }
            lock (_gate)
            {
                _sending.Clear();
                _sendingIndex = 0;
                if (!TryTakeReady())
                {
                    EndSending();
                    return;
                }
            }
        }
    }

    /// <summary>Hands on what is being sent; the sending right goes with it, so there is never a second one.</summary>
    private void SendLeftOver()
    {
        if (_sender is null)
        {
            _sender = new Thread(SendLeftOvers, 256 * 1024) { IsBackground = true, Name = "nbd-send" };
            _sender.Start();
        }
        _leftOver.Release();
    }

    private void SendLeftOvers()
    {
        while (true)
        {
            _leftOver.Wait();
            lock (_gate)
            {
                if (!_isSending)
                    return;
            }
            SendTaken(wait: true);
        }
    }

    private bool TryTakeReady()
    {
        if (_ready.Count == 0)
            return false;
        (_ready, _sending) = (_sending, _ready);
        return true;
    }

    private void EndSending()
    {
        for (; _sendingIndex < _sending.Count; _sendingIndex++)
            _sending[_sendingIndex].Release();
        _sending.Clear();
        _sendingIndex = 0;
        _sentOfFirst = 0;
        _isSending = false;
        _drained.Set();
    }

    private void Break()
    {
        _isBroken = true;
        _queuedBytes = 0;
        foreach (var slice in _ready)
            slice.Release();
        _ready.Clear();
    }

    private void ReplaceChunk()
    {
        _chunk.Release();
        _chunk = Rent(_chunkBytes);
        _used = 0;
    }

    private NbdBuffer Rent(int bytes) => _memory?.RentAtOnce(bytes) ?? NbdBuffer.Rent(bytes);
}
