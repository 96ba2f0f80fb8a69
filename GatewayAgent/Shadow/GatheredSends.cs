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
    /// <summary>What the write under way holds back: known to whatever it calls, and to no other write.</summary>
    private static readonly AsyncLocal<Held?> Holding = new();

    /// <summary>To be called before the handler's first request, behind whatever else decides how it connects; returns the handler.</summary>
    public static SocketsHttpHandler Attach(SocketsHttpHandler handler, Dialler dialler)
    {
        handler.ConnectCallback = async (context, cancellationToken) => new Connection(await dialler.ConnectAsync(context.DnsEndPoint, cancellationToken));
        handler.PlaintextStreamFilter = static (context, _) => ValueTask.FromResult<Stream>(new Body(context.PlaintextStream));
        return handler;
    }

    /// <summary>What an HTTP connection reads and writes: a large write is bracketed.</summary>
    private sealed class Body(Stream plain) : PassedThrough(plain)
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            buffer.Length < SmallestBytes ? Inner.WriteAsync(buffer, cancellationToken) : WriteGatheredAsync(buffer, cancellationToken);

        private async ValueTask WriteGatheredAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
        {
            using var held = new Held();
            // It is as before for the caller when this method returns.
            Holding.Value = held;
            await Inner.WriteAsync(buffer, cancellationToken);
            await held.SendAsync(cancellationToken);
        }
    }

    /// <summary>The socket, under TLS.</summary>
    private sealed class Connection(NetworkStream socket) : PassedThrough(socket)
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            Holding.Value is { } held ? held.AddAsync(Inner, buffer, cancellationToken) : Inner.WriteAsync(buffer, cancellationToken);
    }

    private sealed class Held : IDisposable
    {
        private readonly byte[] _piece = ArrayPool<byte>.Shared.Rent(PieceBytes);
        private Stream? _socket;
        private int _bytes;

        public ValueTask AddAsync(Stream socket, ReadOnlyMemory<byte> record, CancellationToken cancellationToken)
        {
            _socket = socket;
            if (_bytes + record.Length > _piece.Length)
                return SendThenAddAsync(record, cancellationToken);
            record.CopyTo(_piece.AsMemory(_bytes));
            _bytes += record.Length;
            return ValueTask.CompletedTask;
        }

        public async ValueTask SendAsync(CancellationToken cancellationToken)
        {
            var bytes = _bytes;
            _bytes = 0;
            if (bytes > 0)
                await _socket!.WriteAsync(_piece.AsMemory(0, bytes), cancellationToken);
        }

        public void Dispose() => ArrayPool<byte>.Shared.Return(_piece);

        private async ValueTask SendThenAddAsync(ReadOnlyMemory<byte> record, CancellationToken cancellationToken)
        {
            await SendAsync(cancellationToken);
            if (record.Length > _piece.Length)
                await _socket!.WriteAsync(record, cancellationToken);
            else
                await AddAsync(_socket!, record, cancellationToken);
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
