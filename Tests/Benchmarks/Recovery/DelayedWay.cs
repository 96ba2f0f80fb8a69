using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Tidegate.Tests.Benchmarks.Recovery;

/// <summary>The way to one server, on loopback, which takes as long as it is told: half of the added round trip in each direction, whatever the rate.</summary>
internal sealed class DelayedWay : IAsyncDisposable
{
    private const int PiecesUnderWay = 4096;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly IPEndPoint _server;
    private readonly Task _accepting;
    private long _roundTripTicks;

    public DelayedWay(IPEndPoint server)
    {
        _server = server;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients connect.</summary>
    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Added to every round trip from now on.</summary>
    public TimeSpan RoundTrip { get => new(Volatile.Read(ref _roundTripTicks)); set => Volatile.Write(ref _roundTripTicks, value.Ticks); }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptSocketAsync(_stop.Token));
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var near = client;
        using var far = new Socket(_server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        try
        {
            // Who connects waits for one round trip, as on a real way.
            await DelayAsync(TimeProvider.System.GetTimestamp(), RoundTrip);
            await far.ConnectAsync(_server, _stop.Token);
            await Task.WhenAny(PassAsync(near, far), PassAsync(far, near));
        }
        catch (Exception broken) when (broken is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One of the two has gone.
        }
    }

    private async Task PassAsync(Socket from, Socket to)
    {
        var underWay = Channel.CreateBounded<(long SentAt, byte[] Piece)>(new BoundedChannelOptions(PiecesUnderWay) { SingleReader = true, SingleWriter = true });
        var arriving = ArriveAsync(underWay.Reader, to);
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, _stop.Token) is var count and > 0)
                await underWay.Writer.WriteAsync((TimeProvider.System.GetTimestamp(), buffer.AsSpan(0, count).ToArray()), _stop.Token);
        }
        finally
        {
            underWay.Writer.TryComplete();
        }
        await arriving;
    }

    private async Task ArriveAsync(ChannelReader<(long SentAt, byte[] Piece)> underWay, Socket to)
    {
        await foreach (var (sentAt, piece) in underWay.ReadAllAsync(_stop.Token))
        {
            await DelayAsync(sentAt, RoundTrip / 2);
            for (var sent = 0; sent < piece.Length;)
                sent += await to.SendAsync(piece.AsMemory(sent), _stop.Token);
        }
    }

    private async Task DelayAsync(long since, TimeSpan delay)
    {
        var left = delay - TimeProvider.System.GetElapsedTime(since);
        if (left > TimeSpan.Zero)
            await Task.Delay(left, _stop.Token);
    }
}
