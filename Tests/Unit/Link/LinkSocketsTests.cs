using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Silo.Hosting;
using Tidegate.Silo.Link;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

/// <summary>What this silo tells grains and discovery of its sockets.</summary>
public sealed class LinkSocketsTests
{
    private const string Gateway = "gw-00000000000000000001";
    private static readonly SiloAddress Here = SiloAddress.New(IPAddress.Loopback, 1, 1);
    private readonly LinkConnections _connections = new();
    private readonly FakeTimeProvider _time = new();
    private readonly Host _host = new();
    private readonly LinkSockets _sockets;

    public LinkSocketsTests() => _sockets = new LinkSockets(
        _connections, new LinkSettings { Advertised = new IPEndPoint(IPAddress.Loopback, 30000), Dial = "link.example:443" },
        new ServiceAddresses { AgentsUrl = "https://agents" }, _host, _time);

    [Fact]
    public void A_connection_is_found_by_its_own_gateway_alone()
    {
        var held = Connected("client", 7);
        Assert.Equal(held.Holding, _sockets.Find(Gateway, "client"));
        Assert.Null(_sockets.Find("gw-00000000000000000002", "client"));
        Assert.Null(_sockets.Find(Gateway, "another"));
        _sockets.NoteServedBy("client", Here);
        _sockets.NoteServedBy("another", Here);
        Assert.Equal(Here, held.ServedBy);
    }

    [Fact]
    public void A_superseded_connection_is_closed_after_its_agent_had_time_to_read_why_and_only_that_generation()
    {
        var held = Connected("client", 7);
        _sockets.CloseSuperseded("client", 6);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(held.ClosedBecause);
        _sockets.CloseSuperseded("client", 7);
        _time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.Null(held.ClosedBecause);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.NotNull(held.ClosedBecause);
    }

    [Fact]
    public void A_silo_offers_itself_from_its_start_until_it_begins_to_stop()
    {
        Assert.Null(_sockets.Offer());
        _host.Start();
        Connected("client", 7);
        var offer = _sockets.Offer();
        Assert.NotNull(offer);
        Assert.Equal(("127.0.0.1:30000", "link.example:443", "link.example", "https://agents", 1),
            (offer.Advertised, offer.Dial, offer.ServerName, offer.AgentsUrl, offer.Connections));
        _host.StopApplication();
        Assert.Null(_sockets.Offer());
    }

    private LinkConnection Connected(string client, long generation)
    {
        var connection = new LinkConnection(new LinkIdentity(Gateway, "123456789012", "A", DateTimeOffset.MaxValue), new DefaultConnectionContext());
        Assert.True(_connections.TryAdd(connection) && _connections.TryBind(client, connection));
        _connections.Accept(connection, new LinkHolding(Here, "A", client, generation));
        return connection;
    }

    private sealed class Host : IHostApplicationLifetime
    {
        private readonly CancellationTokenSource _started = new();
        private readonly CancellationTokenSource _stopping = new();

        public CancellationToken ApplicationStarted => _started.Token;
        public CancellationToken ApplicationStopping => _stopping.Token;
        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void Start() => _started.Cancel();
        public void StopApplication() => _stopping.Cancel();
    }
}
