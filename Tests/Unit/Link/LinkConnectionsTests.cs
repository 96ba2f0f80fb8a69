using System.Globalization;
using Microsoft.AspNetCore.Connections;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Silo.Link;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

/// <summary>What a silo knows of the links that it holds.</summary>
public sealed class LinkConnectionsTests
{
    private readonly LinkConnections _connections = new();

    [Fact]
    public void One_certificate_holds_a_few_connections_and_gets_their_places_back()
    {
        var held = Enumerable.Range(0, LinkLimits.ConnectionsPerCertificate).Select(_ => Connection("A")).ToList();
        Assert.All(held, connection => Assert.True(_connections.TryAdd(connection)));
        Assert.False(_connections.TryAdd(Connection("A")));
        Assert.True(_connections.TryAdd(Connection("B")));
        _connections.Remove(held[0]);
        _connections.Remove(held[0]);
        Assert.True(_connections.TryAdd(Connection("A")));
        Assert.False(_connections.TryAdd(Connection("A")));
        Assert.Equal(["A", "B"], _connections.Identities().Select(identity => identity.Thumbprint).Order());
    }

    [Fact]
    public void A_full_silo_refuses_a_newcomer_and_forgets_that_it_came()
    {
        for (var number = 0; number < LinkLimits.Connections; number++)
            Assert.True(_connections.TryAdd(Connection(number.ToString(CultureInfo.InvariantCulture))));
        Assert.False(_connections.TryAdd(Connection("newcomer")));
        Assert.Equal(LinkLimits.Connections, _connections.Identities().Count);
        Assert.DoesNotContain(_connections.Identities(), identity => identity.Thumbprint == "newcomer");
    }

    [Fact]
    public void A_client_id_stays_with_the_certificate_that_used_it_first_even_after_its_connection()
    {
        var (mine, again, foreign) = (Connection("A"), Connection("A"), Connection("B"));
        Assert.True(_connections.TryBind("client", mine));
        Assert.False(_connections.TryBind("client", foreign));
        Assert.Null(foreign.ClientId);
        _connections.Remove(mine);
        Assert.False(_connections.TryBind("client", foreign));
        Assert.True(_connections.TryBind("client", again));
    }

    [Fact]
    public void Closing_a_certificate_closes_all_of_its_connections_and_no_others()
    {
        var (first, second, other) = (Connection("A"), Connection("A"), Connection("B"));
        foreach (var connection in new[] { first, second, other }) Assert.True(_connections.TryAdd(connection));
        Assert.Equal(2, _connections.CloseCertificate("A", "revoked"));
        Assert.Equal(0, _connections.CloseCertificate("C", "revoked"));
        Assert.Equal(("revoked", "revoked", null), (first.ClosedBecause, second.ClosedBecause, other.ClosedBecause));
    }

    [Fact]
    public void A_client_is_found_by_its_newest_open_connection_and_the_end_of_an_older_one_hides_nothing()
    {
        var (older, newer) = (Connection("A"), Connection("A"));
        foreach (var (connection, generation) in new[] { (older, 1L), (newer, 2L) })
        {
            Assert.True(_connections.TryAdd(connection) && _connections.TryBind("client", connection));
            _connections.Accept(connection, Holding("client", generation));
        }
        Assert.Same(newer, _connections.Find("client"));
        _connections.Remove(older);
        Assert.Same(newer, _connections.Find("client"));
        Assert.Null(_connections.Find("another"));
        newer.Close("over");
        Assert.Null(_connections.Find("client"));
    }

    [Fact]
    public void A_dead_silo_takes_with_it_the_connections_whose_links_it_served_and_no_others()
    {
        var (dead, alive) = (SiloAddress.New(System.Net.IPAddress.Loopback, 1, 1), SiloAddress.New(System.Net.IPAddress.Loopback, 1, 2));
        var connections = new[] { dead, alive, null }.Select((servedBy, number) =>
        {
            var (connection, client) = (Connection($"{number}"), $"client-{number}");
            Assert.True(_connections.TryAdd(connection) && _connections.TryBind(client, connection));
            _connections.Accept(connection, Holding(client, 1));
            connection.ServedBy = servedBy;
            return connection;
        }).ToArray();
        Assert.Equal(1, _connections.CloseServedBy(dead, "dead"));
        Assert.Equal(["dead", null, null], connections.Select(connection => connection.ClosedBecause));
        Assert.Equal(0, _connections.CloseServedBy(dead, "dead"));
    }

    [Fact]
    public void Developers_of_one_account_hold_so_many_connections_and_their_keys_end_takes_them_all()
    {
        var held = Enumerable.Range(0, LinkLimits.DevelopersPerAccount).Select(number => Developer($"{number}", "123456789012", $"key-0000000000000000000{number % 2}")).ToArray();
        Assert.All(held, connection => Assert.True(_connections.TryAdd(connection)));
        Assert.False(_connections.TryAdd(Developer("one more", "123456789012", "key-00000000000000000007")));
        Assert.True(_connections.TryAdd(Developer("another", "123456789013", "key-00000000000000000008")));
        Assert.True(_connections.TryAdd(Connection("an agent of the account")));
        _connections.Remove(held[0]);
        Assert.True(_connections.TryAdd(Developer("again", "123456789012", "key-00000000000000000001")));
        Assert.Equal((LinkLimits.DevelopersPerAccount / 2) + 1, _connections.CloseSubject("KEY-00000000000000000001", "revoked"));
        Assert.Null(held[2].ClosedBecause);
        Assert.Equal("revoked", held[1].ClosedBecause);
    }

    private static LinkConnection Developer(string thumbprint, string account, string key) =>
        new(new LinkIdentity(key, account, thumbprint, DateTimeOffset.MaxValue) { DeveloperClientId = key + thumbprint }, new DefaultConnectionContext());

    private static LinkHolding Holding(string client, long generation) => new(SiloAddress.New(System.Net.IPAddress.Loopback, 9, 9), "A", client, generation);

    private static LinkConnection Connection(string thumbprint) =>
        new(new LinkIdentity("gw-00000000000000000001", "123456789012", thumbprint, DateTimeOffset.MaxValue), new DefaultConnectionContext());
}
