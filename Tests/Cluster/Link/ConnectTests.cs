using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Tidegate.Client.Grain;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Link;
using Tidegate.Tests.Cluster.Grains;
using Xunit;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>An agent has one live gateway; another silo has its turn only when the one before could not be reached, and knows where else to ask.</summary>
[Collection(GuardedPairCollection.Name)]
public sealed class ConnectTests(GuardedPair pair) : IDisposable
{
    [Fact]
    public async Task Of_two_silos_offered_an_agent_connects_to_one()
    {
        await using var agent = await LinkedAgent.ConnectAsync(pair.First);
        await agent.WorksAsync();
        var held = new[] { pair.First, pair.Second }.Select(silo => silo.Services.GetRequiredService<LinkConnections>().Find(agent.Link.ClientId) is not null);
        Assert.Single(held, isHeld => isHeld);
        var remotes = new[] { pair.First, pair.Second }.SelectMany(silo => silo.Services.GetRequiredService<LinkConnections>().Identities());
        Assert.Single(remotes, identity => identity.GatewayId == agent.Gateway.GatewayId);
    }

    [Fact]
    public async Task A_silo_that_cannot_be_reached_is_tried_once_and_the_next_one_takes_the_link()
    {
        using var broken = new BrokenPort();
        OfferFirst(broken);
        await using var agent = await LinkedAgent.ConnectAsync(pair.Second);
        Assert.Equal(pair.Second.LinkPort.ToString(), agent.Link.Endpoint.Advertised);
        Assert.Equal(1, broken.Visits);
        await agent.WorksAsync();
    }

    [Fact]
    public async Task When_every_silo_was_tried_the_agent_is_told_of_the_last_and_may_start_again()
    {
        using var broken = new BrokenPort();
        OfferFirst(broken);
        pair.Second.Registries.OnlyOffer = new IPEndPoint(IPAddress.Loopback, 1);
        var gateway = await pair.First.NewGatewayAsync();
        var refused = await GrainCluster.RefusedAsync(async () => await GrainLink.ConnectAsync(pair.Second.LinkOptions(gateway.Certificate), default), ErrorCodes.Unavailable);
        Assert.Contains(broken.EndPoint.ToString(), refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, broken.Visits);
    }

    [Fact]
    public async Task An_agent_that_was_answered_once_finds_the_service_without_the_address_it_was_given()
    {
        using var broken = new BrokenPort();
        var addresses = new DiscoveryAddresses(new Uri($"https://{broken.EndPoint}"));
        var gateway = await pair.First.NewGatewayAsync();
        var options = pair.Second.LinkOptions(gateway.Certificate);
        using (var earlier = new LinkDiscovery(options.Addresses, options.CaCertificates, options.ClientCertificate, options.ConnectTimeout, options.TimeProvider))
        {
            var reply = await earlier.DiscoverAsync(new(Client.Grain.Agents.LinkClientId.New(gateway.GatewayId), Client.Grain.Agents.LinkWire.Version, "1.0.0"), default);
            addresses.Answered(new Uri($"https://{broken.EndPoint}"), reply);
        }
        await using var link = await GrainLink.ConnectAsync(new GrainLinkOptions
        {
            Addresses = addresses,
            CaCertificates = options.CaCertificates,
            ClientCertificate = options.ClientCertificate,
            AgentVersion = options.AgentVersion,
        }, default);
        Assert.Equal(pair.Second.LinkPort.ToString(), link.Endpoint.Advertised);
        Assert.Equal(pair.Second.AgentsUrl, addresses.InOrder[0]);
    }

    public void Dispose()
    {
        (pair.Second.Registries.OfferFirst, pair.Second.Registries.OnlyOffer) = (null, pair.Second.LinkPort);
        pair.Second.OffersClock.Advance(TimeSpan.FromSeconds(1));
    }

    private void OfferFirst(BrokenPort port)
    {
        pair.Second.Registries.OfferFirst = port.EndPoint;
        pair.Second.OffersClock.Advance(TimeSpan.FromSeconds(1));
    }

    /// <summary>A port that hangs up on everybody.</summary>
    private sealed class BrokenPort : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private int _visits;

        public BrokenPort()
        {
            _listener.Start();
            _ = AnswerAsync();
        }

        public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

        public int Visits => Volatile.Read(ref _visits);

        public void Dispose() => _listener.Dispose();

        private async Task AnswerAsync()
        {
            try
            {
                while (true)
                {
                    using var visitor = await _listener.AcceptSocketAsync();
                    Interlocked.Increment(ref _visits);
                    visitor.LingerState = new LingerOption(true, 0);
                }
            }
            catch (Exception over) when (over is SocketException or ObjectDisposedException)
            {
            }
        }
    }
}
