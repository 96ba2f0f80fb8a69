using System.Net;
using System.Net.Sockets;
using Tidegate.GatewayAgent.Nbd;
using Tidegate.GatewayAgent.Nbd.Wire;
using Xunit;

namespace Tidegate.Tests.Unit.Nbd;

/// <summary>Addresses, Unix sockets and settings.</summary>
public sealed class ListenerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidegate-nbd-").FullName;

    private NbdListenAddress Address => NbdListenAddress.Unix(Path.Combine(_folder, "nbd.sock"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Unix_socket_serves_its_owner_and_vanishes_with_the_server()
    {
        await using (var server = await ServerUnderTest.StartAsync(configure: o => o.Listen = [Address]))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Address.UnixPath!));
            using var client = await server.InTransmissionAsync();
            await client.SendRequestAsync(NbdCommand.Flush, 0, 0);
            Assert.Equal(NbdError.None, (await client.ReceiveReplyAsync()).Error);
        }
        Assert.False(File.Exists(Address.UnixPath));
    }

    [Fact]
    public async Task Socket_file_of_a_dead_server_is_replaced()
    {
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            BindOnly(dead);
        await using var server = await ServerUnderTest.StartAsync(configure: o => o.Listen = [Address]);
        using var client = await server.InTransmissionAsync();
    }

    [Fact]
    public async Task Socket_of_a_living_server_is_an_error_that_says_what_to_do()
    {
        await using var living = await ServerUnderTest.StartAsync(configure: o => o.Listen = [Address]);
        var failure = await Assert.ThrowsAsync<IOException>(() => ServerUnderTest.StartAsync(configure: o => o.Listen = [Address]));
        Assert.Contains($"unix:{Address.UnixPath}", failure.Message, StringComparison.Ordinal);
        Assert.Contains("--nbd", failure.Message, StringComparison.Ordinal);
        using var client = await living.InTransmissionAsync();
    }

    [Fact]
    public async Task Second_address_that_fails_gives_back_the_first()
    {
        await using var other = await ServerUnderTest.StartAsync();
        await Assert.ThrowsAsync<IOException>(() => ServerUnderTest.StartAsync(configure: o => o.Listen = [Address, other.Address]));
        Assert.False(File.Exists(Address.UnixPath));
    }

    [Theory]
    [InlineData("127.0.0.1:10809", "nbd://127.0.0.1:10809/a%20b")]
    [InlineData("[::1]:1", "nbd://[::1]:1/a%20b")]
    [InlineData("unix:/run/x.sock", "nbd+unix:///a%20b?socket=%2Frun%2Fx.sock")]
    [InlineData("127.0.0.1:10809,tls=off", "nbd://127.0.0.1:10809/a%20b")]
    [InlineData("127.0.0.1:10809,tls=allowed", "nbd://127.0.0.1:10809/a%20b")]
    [InlineData("127.0.0.1:10809,tls=required", "nbds://127.0.0.1:10809/a%20b")]
    [InlineData("unix:/run/x.sock,tls=required", "nbds+unix:///a%20b?socket=%2Frun%2Fx.sock")]
    public void Address_is_read_and_shown_as_a_uri(string text, string uri)
    {
        Assert.True(NbdListenAddress.TryParse(text, out var address));
        Assert.Equal(text, address.ToString());
        Assert.Equal(uri, address.UriOf("a b"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:99999")]
    [InlineData("[::1]")]
    [InlineData("example.org:1")]
    [InlineData("unix:")]
    [InlineData("127.0.0.1:1,tls=perhaps")]
    [InlineData("127.0.0.1:1,tls=")]
    [InlineData("unix:/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678")]
    public void Nonsense_is_no_address(string text) => Assert.False(NbdListenAddress.TryParse(text, out _));

    [Fact]
    public void Settings_out_of_range_are_all_named()
    {
        var options = new NbdServerOptions { MaxSessions = 0, MaxOptionBytes = 1, HandshakeTimeout = TimeSpan.Zero };
        var failure = Assert.Throws<ArgumentException>(options.Validate);
        options.Listen = [Address with { Tls = NbdTlsMode.Allowed }];
        Assert.Contains("there is no certificate", Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
        foreach (var named in new[] { "no address", "MaxSessions 0", "MaxOptionBytes 1", "HandshakeTimeout" })
            Assert.Contains(named, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Listening_for_other_machines_is_warned_of()
    {
        await using var server = await ServerUnderTest.StartAsync(configure: o => o.Listen = [NbdListenAddress.Tcp(new IPEndPoint(IPAddress.IPv6Loopback, 0))]);
        Assert.True(server.Address.IsLocal);
        Assert.False(NbdListenAddress.Tcp(new IPEndPoint(IPAddress.Any, 1)).IsLocal);
    }

    /// <summary>Leaves a socket file with nobody behind it, as a killed server does.</summary>
    private void BindOnly(Socket socket)
    {
        socket.Bind(new UnixDomainSocketEndPoint(Address.UnixPath! + ".dead"));
        File.Move(Address.UnixPath! + ".dead", Address.UnixPath!);
    }
}
