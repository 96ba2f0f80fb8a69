using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tidegate.Tests.Kit.Http;

/// <summary>
/// An HTTP/1.1 proxy on loopback in front of one server, that does to each request what the test asked for. Every connection
/// carries one request, so that a fault hits nothing else. Bytes pass unchanged, but for the headers of the connection itself.
/// </summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private const int LargestHead = 64 * 1024;
    private const int SlowBytes = 16 * 1024;
    private static readonly TimeSpan SlowInterval = TimeSpan.FromMilliseconds(10);

    private readonly Uri _server;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly List<(Func<string, bool> IsMeant, HttpFault Fault)> _faults = [];
    private readonly ConcurrentQueue<string> _requests = new();
    private readonly ConcurrentDictionary<Task, bool> _connections = new();
    private readonly Task _accepting;
    private CancellationTokenSource _healed = new();
    private HttpFault _lasting;
    private int _met;

    private FaultProxy(Uri server)
    {
        _server = server;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients connect.</summary>
    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>Request lines so far, in the order in which they arrived.</summary>
    public IReadOnlyList<string> Requests => [.. _requests];

    /// <summary>Stands before a server; passes everything on until told otherwise.</summary>
    public static FaultProxy Before(Uri server) => new(server);

    /// <summary>The next requests meet these faults, one each; those after them pass.</summary>
    public void Next(params ReadOnlySpan<HttpFault> faults) => Next(static _ => true, faults);

    /// <summary>As above, for the next requests whose first line is such.</summary>
    public void Next(Func<string, bool> isMeant, params ReadOnlySpan<HttpFault> faults)
    {
        lock (_gate)
        {
            foreach (var fault in faults) _faults.Add((isMeant, fault));
        }
    }

    /// <summary>Every request meets this fault, after those of <see cref="Next(ReadOnlySpan{HttpFault})"/>, until <see cref="Heal"/>.</summary>
    public void Always(HttpFault fault)
    {
        lock (_gate) _lasting = fault;
    }

    /// <summary>Ends all faults; requests that are stalled are broken, so that their clients try again.</summary>
    public void Heal()
    {
        CancellationTokenSource healed;
        lock (_gate)
        {
            _faults.Clear();
            _lasting = HttpFault.None;
            (healed, _healed) = (_healed, new CancellationTokenSource());
        }

        healed.Cancel();
        healed.Dispose();
    }

    /// <summary>Requests that have met a fault so far.</summary>
    public int FaultsMet => Volatile.Read(ref _met);

    /// <summary>Faults that no request has met yet.</summary>
    public int FaultsLeft
    {
        get
        {
            lock (_gate) return _faults.Count;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections.Keys);
        _healed.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                var serving = ServeAsync(client);
                _connections[serving] = true;
                _ = serving.ContinueWith(done => _connections.TryRemove(done, out _), TaskScheduler.Default);
            }
            catch (Exception stopped) when (stopped is OperationCanceledException or SocketException or ObjectDisposedException || _stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                if (await ReadHeadAsync(stream) is not { } head) return;
                if (Header(head, "Expect") is not null) await stream.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), _stop.Token);
                var (fault, healed) = TakeFault(head[0]);
                var body = await ReadBodyAsync(stream, int.Parse(Header(head, "Content-Length") ?? "0", CultureInfo.InvariantCulture), fault, healed);
                _requests.Enqueue(head[0]);
                if (fault != HttpFault.None) Interlocked.Increment(ref _met);
                await AnswerAsync(stream, head, body, fault, healed);
            }
            catch (Exception broken) when (broken is IOException or SocketException or OperationCanceledException)
            {
                // The client has gone, or the test is over.
            }
        }
    }

    private async Task<byte[]> ReadBodyAsync(NetworkStream client, int length, HttpFault fault, CancellationToken healed)
    {
        var body = new byte[length];
        var read = 0;
        if (fault == HttpFault.Slow)
        {
            using var timer = new PeriodicTimer(SlowInterval);
            while (read < length && !healed.IsCancellationRequested)
            {
                var piece = body.AsMemory(read, Math.Min(SlowBytes, length - read));
                await client.ReadExactlyAsync(piece, _stop.Token);
                read += piece.Length;
                await timer.WaitForNextTickAsync(_stop.Token);
            }
        }

        await client.ReadExactlyAsync(body.AsMemory(read), _stop.Token);
        return body;
    }

    private (HttpFault Fault, CancellationToken Healed) TakeFault(string request)
    {
        lock (_gate)
        {
            var at = _faults.FindIndex(planned => planned.IsMeant(request));
            if (at < 0) return (_lasting, _healed.Token);
            var fault = _faults[at].Fault;
            _faults.RemoveAt(at);
            return (fault, _healed.Token);
        }
    }

    private async Task AnswerAsync(NetworkStream client, List<string> head, byte[] body, HttpFault fault, CancellationToken healed)
    {
        switch (fault)
        {
            case HttpFault.Refuse:
                return;
            case HttpFault.CutRequest:
                await SendHalfAsync(head, body);
                return;
            case HttpFault.ServerError:
                await client.WriteAsync(Answer("500 Internal Server Error", "InternalError"), _stop.Token);
                return;
            case HttpFault.Busy:
                await client.WriteAsync(Answer("503 Service Unavailable", "ServerBusy"), _stop.Token);
                return;
            case HttpFault.Stall:
                // Ends when the client closes its side.
                using (var end = CancellationTokenSource.CreateLinkedTokenSource(healed, _stop.Token)) await client.CopyToAsync(Stream.Null, end.Token);
                return;
        }

        var (answerHead, answerBody) = await AskAsync(head, body);
        if (fault == HttpFault.LoseAnswer) return;
        await client.WriteAsync(Bytes(answerHead), _stop.Token);
        await client.WriteAsync(fault == HttpFault.CutAnswer ? answerBody.AsMemory(0, answerBody.Length / 2) : answerBody, _stop.Token);
    }

    private async Task SendHalfAsync(List<string> head, byte[] body)
    {
        using var server = new TcpClient();
        await server.ConnectAsync(IPAddress.Parse(_server.Host), _server.Port, _stop.Token);
        await server.GetStream().WriteAsync(Bytes(head.Where(line => !Is(line, "Expect"))), _stop.Token);
        await server.GetStream().WriteAsync(body.AsMemory(0, body.Length / 2), _stop.Token);
    }

    /// <summary>
    /// The server may answer before it has read the body. It is left to read on: it would reset the connection, and the answer with
    /// it, if it were asked to close.
    /// </summary>
    private async Task<(List<string> Head, byte[] Body)> AskAsync(List<string> head, byte[] body)
    {
        using var server = new TcpClient();
        await server.ConnectAsync(IPAddress.Parse(_server.Host), _server.Port, _stop.Token);
        var stream = server.GetStream();
        await stream.WriteAsync(Bytes(head.Where(line => !Is(line, "Connection") && !Is(line, "Expect"))), _stop.Token);
        var sending = stream.WriteAsync(body, _stop.Token);
        var answer = await ReadHeadAsync(stream) ?? throw new IOException("the server closed the connection");
        var content = head[0].StartsWith("HEAD ", StringComparison.Ordinal) ? [] : await ReadBodyAsync(stream, answer);
        await sending;
        return ([.. answer.Where(line => !Is(line, "Connection") && !Is(line, "Keep-Alive")), "Connection: close"], content);
    }

    private async Task<byte[]> ReadBodyAsync(NetworkStream stream, List<string> head)
    {
        using var body = new MemoryStream();
        if (Header(head, "Transfer-Encoding") is null)
        {
            await CopyAsync(stream, body, int.Parse(Header(head, "Content-Length") ?? "0", CultureInfo.InvariantCulture));
            return body.ToArray();
        }

        for (var size = -1; size != 0;)
        {
            var line = await ReadUntilAsync(stream, "\r\n"u8.ToArray()) ?? throw new IOException("the server closed the connection");
            body.Write(line);
            size = int.Parse(Encoding.ASCII.GetString(line).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            await CopyAsync(stream, body, size + 2);
        }

        return body.ToArray();
    }

    private async Task CopyAsync(NetworkStream from, MemoryStream to, int length)
    {
        var bytes = new byte[length];
        await from.ReadExactlyAsync(bytes, _stop.Token);
        to.Write(bytes);
    }

    private async Task<List<string>?> ReadHeadAsync(NetworkStream stream)
    {
        var bytes = await ReadUntilAsync(stream, "\r\n\r\n"u8.ToArray());
        return bytes is null ? null : [.. Encoding.Latin1.GetString(bytes).Split("\r\n", StringSplitOptions.RemoveEmptyEntries)];
    }

    /// <summary>Byte by byte, so that nothing behind the mark is taken from the stream; null at its end.</summary>
    private async Task<byte[]?> ReadUntilAsync(NetworkStream stream, byte[] mark)
    {
        var bytes = new byte[LargestHead];
        for (var count = 0; count < bytes.Length; count++)
        {
            if (await stream.ReadAsync(bytes.AsMemory(count, 1), _stop.Token) == 0) return null;
            if (bytes.AsSpan(0, count + 1).EndsWith(mark)) return bytes[..(count + 1)];
        }

        throw new IOException("the head is too large");
    }

    private static byte[] Bytes(IEnumerable<string> head) => Encoding.Latin1.GetBytes(string.Join("\r\n", head) + "\r\n\r\n");

    private static bool Is(string line, string name) => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase);

    private static string? Header(List<string> head, string name) => head.Find(line => Is(line, name))?[(name.Length + 1)..].Trim();

    private static byte[] Answer(string status, string code) =>
        Encoding.Latin1.GetBytes($"HTTP/1.1 {status}\r\nx-ms-error-code: {code}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}
