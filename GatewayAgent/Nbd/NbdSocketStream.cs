namespace Tidegate.GatewayAgent.Nbd;

/// <summary>
/// The encrypted bytes of a connection as TLS reads and writes them, by the socket's blocking calls; asynchronous calls block
/// as well, on threads that are the connection's own.
/// </summary>
internal sealed class NbdSocketStream(NbdSocket socket) : Stream
{
    private int _handshakeBytesLeft = NbdLimits.MaxTlsHandshakeBytes;
    private bool _isAgreed;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>The handshake is over: its limit on received bytes ends.</summary>
    public void Agreed() => _isAgreed = true;

    public override int Read(Span<byte> buffer)
    {
        var count = socket.ReceivePlain(buffer);
        if (!_isAgreed && (_handshakeBytesLeft -= count) < 0)
            throw new IOException($"the client sent more than {NbdLimits.MaxTlsHandshakeBytes} bytes");
        return count;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var sent = socket.SendPlain(buffer, wait: true, more: false);
            if (sent < 0)
                throw new IOException("the connection is gone");
            buffer = buffer[sent..];
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
