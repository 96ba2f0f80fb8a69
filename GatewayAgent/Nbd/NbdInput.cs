namespace Tidegate.GatewayAgent.Nbd;

/// <summary>
/// Received bytes of one connection, in a large buffer so that one system call brings many requests. Used by the connection's
/// own thread only. Data of a request that is still running stays where it was received.
/// </summary>
internal sealed class NbdInput(NbdSocket socket) : IDisposable
{
    private NbdBuffer _chunk = NbdBuffer.Rent(NbdLimits.HandshakeChunkBytes);
    private NbdMemory? _memory;
    private int _chunkBytes = NbdLimits.HandshakeChunkBytes;
    private int _start;
    private int _end;

    /// <summary>Bytes that are here and not yet consumed.</summary>
    public int Available => _end - _start;

    /// <summary>The greatest count that <see cref="TryFill"/> can bring together in one piece.</summary>
    public static int MaxContiguousBytes => NbdLimits.ChunkBytes / 2;

    /// <summary>A session begins: receives in large pieces from now on.</summary>
    public void Widen(NbdMemory memory) => (_chunkBytes, _memory) = (NbdLimits.ChunkBytes, memory);

    public ReadOnlySpan<byte> Peek(int count) => _chunk.Array.AsSpan(_start, Math.Min(count, Available));

    public void Consume(int count) => _start += count;

    /// <summary>Waits until <paramref name="count"/> bytes lie in one piece. False when the stream ended first.</summary>
    public bool TryFill(int count, int receiveLimit = int.MaxValue)
    {
        if (Available >= count)
            return true;
        MakeRoom(count);
        while (Available < count)
        {
            var room = _chunk.Array.AsSpan(_end);
            if (room.Length > receiveLimit)
                room = room[..Math.Max(receiveLimit, count - Available)];
            var received = socket.Receive(room);
            if (received == 0)
                return false;
            _end += received;
        }
        return true;
    }

    /// <summary>Takes the next <paramref name="count"/> available bytes as a slice of the receive buffer, without copying.</summary>
    public NbdSlice Take(int count)
    {
        _chunk.AddUser();
        var slice = new NbdSlice(_chunk, _start, count);
        _start += count;
        return slice;
    }

    /// <summary>Fills a buffer of the caller's: what is here is copied, the rest is received in place. False when the stream ended.</summary>
    public bool TryReadInto(Span<byte> target)
    {
        var here = Math.Min(Available, target.Length);
        _chunk.Array.AsSpan(_start, here).CopyTo(target);
        _start += here;
        target = target[here..];
        while (target.Length > 0)
        {
            var received = socket.Receive(target);
            if (received == 0)
                return false;
            target = target[received..];
        }
        return true;
    }

    /// <summary>Reads and drops bytes. False when the stream ended first.</summary>
    public bool TrySkip(long count)
    {
        while (count > 0)
        {
            if (Available == 0 && !TryFill(1))
                return false;
            var step = (int)Math.Min(count, Available);
            _start += step;
            count -= step;
        }
        return true;
    }

    public void Dispose() => _chunk.Release();

    private void MakeRoom(int count)
    {
        var length = _chunk.Array.Length;
        // The rest of a buffer is used up first; a scrap is not worth a system call.
        var hasRoom = length - _start >= count && length - _end >= _chunkBytes / 16;
        if (length >= _chunkBytes && length >= count)
        {
            if (!_chunk.IsUnshared)
            {
                if (hasRoom)
                    return;
            }
            else
            {
                if (_start == _end)
                    _start = _end = 0;
                else if (!hasRoom)
                    MoveTo(_chunk);
                return;
            }
        }
        // Too small, or running requests still read from this one.
        var old = _chunk;
        var bytes = Math.Max(_chunkBytes, count);
        MoveTo(_memory?.RentAtOnce(bytes) ?? NbdBuffer.Rent(bytes));
        old.Release();
    }

    private void MoveTo(NbdBuffer target)
    {
        _chunk.Array.AsSpan(_start, Available).CopyTo(target.Array);
        (_chunk, _start, _end) = (target, 0, Available);
    }
}
