using System.Buffers;
using System.Net.Sockets;
using Tidegate.Client.Proxies;
using Tidegate.GatewayAgent.Uplink;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>
/// Lets a large write leave in large pieces: TLS makes records of 16 KiB, and each of them by itself costs a system call here and wakes the
/// receiver there. Records are held back only while one write of the body makes more of them, so nothing ever waits for a flush.
/// </summary>
internal static class GatheredSends
{
    /// <summary>Smaller writes make few records.</summary>
    private const int SmallestBytes = 32 * 1024;
    /// <summary>What leaves at once: a slice of an upload as records.</summary>
    private const int PieceBytes = TransferLimiter.MaxSliceBytes + 16 * 1024;
    private static readonly HttpRequestOptionsKey<Connection> Opened = new("tidegate.connection");

    /// <summary>To be called before the handler's first request, behind whatever else decides how it connects; returns the handler.</summary>
    public static SocketsHttpHandler Attach(SocketsHttpHandler handler, Dialler dialler)
    {
        handler.ConnectCallback = async (context, cancellationToken) =>
        {
            var connection = new Connection(await dialler.ConnectAsync(context.DnsEndPoint, cancellationToken));
            context.InitialRequestMessage.Options.Set(Opened, connection);
            return connection;
        };
        handler.PlaintextStreamFilter = static (context, _) => ValueTask.FromResult(
            context.InitialRequestMessage.Options.TryGetValue(Opened, out var connection) ? new Body(context.PlaintextStream, connection) : context.PlaintextStream);
        return handler;
    }

    /// <summary>What an HTTP connection reads and writes: a large write is bracketed.</summary>
    private sealed class Body(Stream plain, Connection connection) : PassedThrough(plain)
    {
        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (buffer.Length < SmallestBytes)
            {
                await Inner.WriteAsync(buffer, cancellationToken);
                return;
            }
            connection.Hold();
            try
            {
                await Inner.WriteAsync(buffer, cancellationToken);
                await connection.SendHeldAsync(cancellationToken);
            }
            finally
            {
                connection.Release();
            }
        }
    }

    /// <summary>The socket, under TLS.</summary>
    private sealed class Connection(NetworkStream socket) : PassedThrough(socket)
    {
        private byte[]? _piece;
        private int _held;

        public void Hold() => _piece = ArrayPool<byte>.Shared.Rent(PieceBytes);

        public async ValueTask SendHeldAsync(CancellationToken cancellationToken)
        {
            var bytes = _held;
            _held = 0;
            if (bytes > 0)
                await Inner.WriteAsync(_piece.AsMemory(0, bytes), cancellationToken);
        }

        public void Release()
        {
            ArrayPool<byte>.Shared.Return(_piece!);
            (_piece, _held) = (null, 0);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_piece is not { } piece)
                return Inner.WriteAsync(buffer, cancellationToken);
            if (_held + buffer.Length > piece.Length)
                return SendThenWriteAsync(buffer, cancellationToken);
            buffer.CopyTo(piece.AsMemory(_held));
            _held += buffer.Length;
            return ValueTask.CompletedTask;
        }

        private async ValueTask SendThenWriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
        {
            await SendHeldAsync(cancellationToken);
            if (buffer.Length > _piece!.Length)
            {
                await Inner.WriteAsync(buffer, cancellationToken);
                return;
            }
            buffer.CopyTo(_piece);
            _held = buffer.Length;
        }
    }

    /// <summary>A stream whose calls go to another.</summary>
    private abstract class PassedThrough(Stream inner) : Stream
    {
        protected Stream Inner { get; } = inner;

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => Inner.ReadAsync(buffer, cancellationToken);

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => Inner.ReadAsync(buffer, offset, count, cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => Inner.Read(buffer, offset, count);

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Write(byte[] buffer, int offset, int count) => Inner.Write(buffer, offset, count);

        public override Task FlushAsync(CancellationToken cancellationToken) => Inner.FlushAsync(cancellationToken);

        public override void Flush() => Inner.Flush();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override ValueTask DisposeAsync() => Inner.DisposeAsync();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                Inner.Dispose();
        }
    }
}
