using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tidegate.Tests.Kit.Http;

/// <summary>
/// An HTTP proxy on loopback that knows CONNECT alone, asks for a user if it was given one, and keeps what it was asked for. At most
/// <see cref="MaxTunnels"/> at once; a head has at most 8 KiB.
/// </summary>
public sealed class ConnectProxy : IAsyncDisposable
{
    public const int MaxTunnels = 128;
    private const int LargestHead = 8 << 10;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _targets = new();
    private readonly ConcurrentDictionary<Task, bool> _tunnels = new();
    private readonly string? _basic;
    private readonly Task _accepting;
    private int _refused;

    private ConnectProxy(string? user, string? password)
    {
        _basic = user is null ? null : "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Targets of the tunnels that it opened, <c>host:port</c>, in order.</summary>
    public IReadOnlyList<string> Targets => [.. _targets];

    /// <summary>Requests that it refused with 407.</summary>
    public int Refused => Volatile.Read(ref _refused);

    /// <summary>What it answers instead of opening a tunnel; null to open it, an empty text to answer nothing.</summary>
    public string? Answer { get; set; }

    public static ConnectProxy Start(string? user = null, string? password = null) => new(user, password);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_tunnels.Keys);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_stop.Token);
                if (_tunnels.Count >= MaxTunnels)
                {
                    client.Dispose();
                    continue;
                }
                var serving = ServeAsync(client);
                _tunnels[serving] = true;
                _ = serving.ContinueWith(done => _tunnels.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var near = client;
        using var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            var lines = (await ReadHeadAsync(near)).Split("\r\n");
            if (Answer is { } answer)
            {
                await near.SendAsync(Encoding.Latin1.GetBytes(answer), _stop.Token);
                if (answer.Length == 0) await Task.Delay(Timeout.InfiniteTimeSpan, _stop.Token);
                return;
            }
            if (_basic is not null && !lines.Contains("Proxy-Authorization: " + _basic, StringComparer.OrdinalIgnoreCase))
            {
                Interlocked.Increment(ref _refused);
                await near.SendAsync("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"test\"\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), _stop.Token);
                return;
            }
            var target = lines[0].Split(' ')[1];
            await far.ConnectAsync(IPEndPoint.Parse(target.Replace("localhost", "127.0.0.1", StringComparison.Ordinal)), _stop.Token);
            _targets.Enqueue(target);
            await near.SendAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray(), _stop.Token);
            await Task.WhenAny(PumpAsync(near, far), PumpAsync(far, near));
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or IOException)
        {
            // The tunnel is over.
        }
    }

    private async Task<string> ReadHeadAsync(Socket client)
    {
        var head = new byte[LargestHead];
        for (var length = 0; length < head.Length;)
        {
            var read = await client.ReceiveAsync(head.AsMemory(length), _stop.Token);
            if (read == 0) break;
            length += read;
            if (head.AsSpan(0, length).EndsWith("\r\n\r\n"u8)) return Encoding.Latin1.GetString(head, 0, length);
        }
        throw new IOException("This is no request.");
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 << 10];
        try
        {
            while (await from.ReceiveAsync(buffer, _stop.Token) is var read and > 0)
            {
                for (var sent = 0; sent < read;) sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), _stop.Token);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // One end is gone.
        }
    }
}
