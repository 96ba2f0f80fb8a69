using System.Net;
using System.Net.Sockets;
using Tidegate.GatewayAgent.Nbd;
using Tidegate.GatewayAgent.Nbd.Wire;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Nbd;

/// <summary>What clients may take before they have proved anything (docs/protocols/nbd.md, Limits).</summary>
public sealed class AdmissionTests
{
    [Fact]
    public async Task A_good_client_is_served_among_two_thousand_idle_connections()
    {
        await using var server = await ServerUnderTest.StartAsync();
        var idle = new List<Socket>();
        try
        {
            // From the client's own address, from another, and from one of its own each.
            for (var i = 0; i < 2000; i++)
                idle.Add(await ConnectFromAsync(server, (i % 4) switch { 0 or 1 => IPAddress.Loopback, 2 => IPAddress.Parse("127.0.0.2"), _ => IPAddress.Parse($"127.0.{1 + i / 200}.{1 + i % 200}") }));
            using (var client = await server.InTransmissionAsync())
            {
                await client.SendRequestAsync(NbdCommand.Flush, 0, 0);
                Assert.Equal(NbdError.None, (await client.ReceiveReplyAsync()).Error);
                Assert.InRange(server.Server.HandshakeCount, 1, 256);
                await server.Log.ContainsAsync("unfinished NBD handshakes");
            }
            // Those that are left get what the clock gives them.
            await server.Time.RunWaitsAsync(Task.WhenAll(idle.Select(UntilClosedAsync)), TimeSpan.FromSeconds(15));
            await server.Exports.Idle;
        }
        finally
        {
            foreach (var socket in idle)
                socket.Dispose();
        }
    }

    [Fact]
    public async Task Handshakes_of_many_addresses_take_no_place_from_one_that_has_few()
    {
        await using var server = await ServerUnderTest.StartAsync(configure: o => (o.MaxHandshakes, o.MaxHandshakesPerAddress) = (8, 8));
        using var slow = await server.ConnectAsync();
        await slow.GreetAsync();
        var flood = new List<Socket>();
        for (var i = 0; i < 40; i++)
            flood.Add(await ConnectFromAsync(server, IPAddress.Parse("127.0.0.2")));
        // It was first of all, and goes on where it was.
        await slow.SendOptionAsync(NbdOption.List);
        await slow.ExpectOptionReplyAsync(NbdOption.List, NbdOptionReply.Server);
        foreach (var socket in flood[..^7])
            await UntilClosedAsync(socket);
        foreach (var socket in flood)
            socket.Dispose();
    }

    [Fact]
    public async Task Sessions_do_not_give_way_to_handshakes()
    {
        await using var server = await ServerUnderTest.StartAsync(configure: o => (o.MaxHandshakes, o.MaxHandshakesPerAddress) = (2, 2));
        using var session = await server.InTransmissionAsync();
        var flood = new List<Socket>();
        for (var i = 0; i < 10; i++)
            flood.Add(await ConnectFromAsync(server, IPAddress.Loopback));
        await UntilClosedAsync(flood[7]);
        await session.SendRequestAsync(NbdCommand.Flush, 0, 0);
        Assert.Equal(NbdError.None, (await session.ReceiveReplyAsync()).Error);
        foreach (var socket in flood)
            socket.Dispose();
    }

    [Theory]
    [InlineData(2, 8, "2 sessions are open, which is the limit")]
    [InlineData(8, 2, "2 sessions are open from this address")]
    public async Task Too_many_sessions_are_told_so_and_may_come_back(int sessions, int perAddress, string reason)
    {
        await using var server = await ServerUnderTest.StartAsync(configure: o => (o.MaxSessions, o.MaxSessionsPerAddress) = (sessions, perAddress));
        using var first = await server.InTransmissionAsync();
        var second = await server.InTransmissionAsync();
        using var third = await server.ConnectAsync();
        await third.GreetAsync();
        await third.SendOptionAsync(NbdOption.Go, [.. RawClient.Name("disk"), 0, 0]);
        var told = await third.ExpectOptionReplyAsync(NbdOption.Go, NbdOptionReply.ErrorPolicy);
        Assert.Contains(reason, System.Text.Encoding.UTF8.GetString(told), StringComparison.Ordinal);
        await second.SendRequestAsync(NbdCommand.Disconnect, 0, 0);
        Assert.True(await second.IsClosedAsync());
        second.Dispose();
        await server.Log.ContainsAsync("left export");
        while (server.Server.ConnectionCount > 2)
            await Task.Yield();
        await third.SendOptionAsync(NbdOption.Go, [.. RawClient.Name("disk"), 0, 0]);
        await third.ExpectOptionReplyAsync(NbdOption.Go, NbdOptionReply.Info);
    }

    [Fact]
    public void Whoever_has_one_address_of_a_v6_network_has_them_all()
    {
        Assert.Equal(NbdListener.CountedAs(IPAddress.Parse("2001:db8::1")), NbdListener.CountedAs(IPAddress.Parse("2001:db8::ffff:1")));
        Assert.NotEqual(NbdListener.CountedAs(IPAddress.Parse("2001:db8::1")), NbdListener.CountedAs(IPAddress.Parse("2001:db8:0:1::1")));
        Assert.Equal("192.0.2.1", NbdListener.CountedAs(IPAddress.Parse("::ffff:192.0.2.1")));
    }

    private static async Task<Socket> ConnectFromAsync(ServerUnderTest server, IPAddress address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address, 0));
        await socket.ConnectAsync(server.Address.EndPoint);
        return socket;
    }

    private static async Task UntilClosedAsync(Socket socket)
    {
        using var limit = new CancellationTokenSource(Hanging.Limit);
        try
        {
            while (await socket.ReceiveAsync(new byte[64], limit.Token) > 0)
            {
                // The greeting.
            }
        }
        catch (SocketException)
        {
            // A reset is an end as well.
        }
    }
}
