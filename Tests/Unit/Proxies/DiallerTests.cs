using System.Net;
using System.Net.Sockets;
using Tidegate.Client.Proxies;
using Tidegate.Client.Rest;
using Tidegate.Tests.Kit.Http;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Proxies;

/// <summary>Tunnels through a proxy, and what people are told when there is none.</summary>
public sealed class DiallerTests : IDisposable
{
    private readonly TcpListener _target = new(IPAddress.Loopback, 0);

    public DiallerTests() => _target.Start();

    [Fact]
    public async Task What_is_sent_goes_through_the_tunnel_both_ways()
    {
        await using var proxy = ConnectProxy.Start("us@er", "p:ss");
        using var stream = await Through($"http://us%40er:p%3Ass@127.0.0.1:{proxy.Port}").ConnectAsync(Target, CancellationToken.None);
        using var far = await _target.AcceptSocketAsync();
        await stream.WriteAsync("there"u8.ToArray());
        var bytes = new byte[5];
        await new NetworkStream(far).ReadExactlyAsync(bytes);
        Assert.Equal("there"u8, bytes);
        await far.SendAsync("again"u8.ToArray());
        await stream.ReadExactlyAsync(bytes);
        Assert.Equal("again"u8, bytes);
        Assert.Equal([$"127.0.0.1:{Target.Port}"], proxy.Targets);
        Assert.NotEqual(proxy.Port, ((IPEndPoint)stream.Socket.LocalEndPoint!).Port);
    }

    [Fact]
    public async Task What_is_excepted_goes_past_the_proxy()
    {
        await using var proxy = ConnectProxy.Start();
        using var stream = await Through($"http://127.0.0.1:{proxy.Port}", "127.0.0.0/8").ConnectAsync(Target, CancellationToken.None);
        Assert.Equal(Target.Port, ((IPEndPoint)stream.Socket.RemoteEndPoint!).Port);
        Assert.Empty(proxy.Targets);
    }

    [Theory]
    [InlineData("", "asks for a user and a password (407)")]
    [InlineData("user:wrong-secret@", "does not take the user and password that it was given (407)")]
    public async Task A_proxy_that_wants_other_credentials_is_named_and_they_are_not(string credentials, string expected)
    {
        await using var proxy = ConnectProxy.Start("user", "secret");
        var fault = await Assert.ThrowsAsync<ProxyException>(() => Through($"http://{credentials}127.0.0.1:{proxy.Port}").ConnectAsync(Target, CancellationToken.None));
        Assert.Contains($"http://127.0.0.1:{proxy.Port} {expected}", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault.ToString(), StringComparison.Ordinal);
        Assert.Contains("Proxy", fault.NextStep, StringComparison.Ordinal);
        Assert.Equal(1, proxy.Refused);
    }

    [Theory]
    [InlineData("HTTP/1.1 403 Forbidden\r\n\r\n", "does not allow a connection to 127.0.0.1:")]
    [InlineData("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\nnope", "(502)")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n\r\n", "no HTTP proxy")]
    [InlineData("HTTP/1.1 2", "closed the connection without an answer")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nmore", "spoke before this end did")]
    public async Task Every_refusal_says_who_refused_what(string answer, string expected)
    {
        await using var proxy = ConnectProxy.Start();
        proxy.Answer = answer;
        var fault = await Assert.ThrowsAsync<ProxyException>(() => Through($"http://127.0.0.1:{proxy.Port}").ConnectAsync(Target, CancellationToken.None));
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
        Assert.Contains($"http://127.0.0.1:{proxy.Port}", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_without_an_end_is_given_up()
    {
        await using var proxy = ConnectProxy.Start();
        proxy.Answer = "HTTP/1.1 200 OK\r\n" + new string('x', 20_000);
        var fault = await Assert.ThrowsAsync<ProxyException>(() => Through($"http://127.0.0.1:{proxy.Port}").ConnectAsync(Target, CancellationToken.None));
        Assert.Contains("no end within 16384 bytes", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proxy_that_is_not_there_or_says_nothing_is_told_apart()
    {
        var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        var gone = await Assert.ThrowsAsync<ProxyException>(() => Through($"http://127.0.0.1:{port}").ConnectAsync(Target, CancellationToken.None));
        Assert.Contains("opened no tunnel", gone.Message, StringComparison.Ordinal);
        Assert.Contains("Check the agent's setting Proxy", gone.NextStep, StringComparison.Ordinal);

        await using var proxy = ConnectProxy.Start();
        proxy.Answer = "";
        var time = new WatchedTime();
        var dialling = Through($"http://127.0.0.1:{proxy.Port}", time: time).ConnectAsync(Target, CancellationToken.None);
        await time.RunWaitsAsync(dialling, Dialler.HttpLimit);
        Assert.Contains("within 9 s", (await Assert.ThrowsAsync<ProxyException>(() => dialling)).Message, StringComparison.Ordinal);
    }

    /// <summary>What an HTTP client makes of the fault still says it, with the next step.</summary>
    [Fact]
    public async Task An_HTTP_client_fails_with_the_proxys_fault()
    {
        await using var proxy = ConnectProxy.Start("user", "secret");
        using var http = new HttpClient(Through($"http://127.0.0.1:{proxy.Port}").AttachTo(new SocketsHttpHandler()));
        var service = new Uri($"https://127.0.0.1:{Target.Port}");
        var failed = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(service));
        var told = Problems.FromConnection(service, failed);
        Assert.Contains("asks for a user and a password (407)", told.Message, StringComparison.Ordinal);
        Assert.Contains("http://user:password@host:port", told.NextStep, StringComparison.Ordinal);
        Assert.True(told.IsTransient);
    }

    /// <summary>HTTP clients ask for the far end where they wrap no fault: it must be known once a connection was handed over, reset or not.</summary>
    [Fact]
    public async Task The_far_end_of_a_connection_is_known_after_it_was_reset()
    {
        using var stream = await new Dialler(null, Dialler.HttpLimit, TimeProvider.System).ConnectAsync(Target, CancellationToken.None);
        using (var accepted = await _target.AcceptSocketAsync()) accepted.LingerState = new LingerOption(true, 0);
        Assert.True(stream.Socket.Poll(TimeSpan.FromSeconds(30), SelectMode.SelectRead));
        Assert.Equal(Target.Port, Assert.IsType<IPEndPoint>(stream.Socket.RemoteEndPoint).Port);
    }

    public void Dispose() => _target.Dispose();

    private DnsEndPoint Target => new("127.0.0.1", ((IPEndPoint)_target.LocalEndpoint).Port);

    private static Dialler Through(string proxy, string? direct = null, TimeProvider? time = null)
    {
        Assert.True(ProxySettings.TryParse(proxy, direct, out var settings, out var fault), fault);
        return new Dialler(settings, Dialler.HttpLimit, time ?? TimeProvider.System);
    }
}
