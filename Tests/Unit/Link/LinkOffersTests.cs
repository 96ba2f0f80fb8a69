using Microsoft.Extensions.Time.Testing;
using Tidegate.Grains.Gateways.Holders;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Silo.Link;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

/// <summary>What discovery offers, in which order, and how old it may be.</summary>
public sealed class LinkOffersTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Silos _silos = new();

    [Fact]
    public async Task Of_two_silos_the_one_with_fewer_connections_comes_first()
    {
        _silos.Offered = [Offer("a", 5), Offer("b", 4)];
        for (var turn = 0; turn < 20; turn++) Assert.Equal(["b", "a"], (await NewOffers().BestFirstAsync(default)).Select(offer => offer.Dial));
    }

    [Fact]
    public async Task Of_many_all_are_offered_and_the_fullest_is_never_first()
    {
        _silos.Offered = [.. Enumerable.Range(0, 8).Select(number => Offer($"silo-{number}", number))];
        for (var turn = 0; turn < 50; turn++)
        {
            var offered = await NewOffers().BestFirstAsync(default);
            Assert.NotEqual("silo-7", offered[0].Dial);
            Assert.Equal(_silos.Offered.Select(offer => offer.Dial).Order(), offered.Select(offer => offer.Dial).Order());
        }
    }

    [Fact]
    public async Task The_silos_are_asked_once_a_second_however_many_agents_come()
    {
        var offers = NewOffers();
        for (var agent = 0; agent < 10; agent++) await offers.BestFirstAsync(default);
        Assert.Equal(1, _silos.Asked);
        _time.Advance(TimeSpan.FromSeconds(1));
        _silos.Offered = [Offer("new", 0)];
        Assert.Equal("new", Assert.Single(await offers.BestFirstAsync(default)).Dial);
        Assert.Equal(2, _silos.Asked);
    }

    [Fact]
    public async Task A_failure_is_not_remembered()
    {
        var offers = NewOffers();
        _silos.Failure = new TimeoutException();
        await Assert.ThrowsAsync<TimeoutException>(() => offers.BestFirstAsync(default));
        _silos.Failure = null;
        Assert.Empty(await offers.BestFirstAsync(default));
    }

    private LinkOffers NewOffers() => new(_silos, _time);

    private static LinkOffer Offer(string name, int connections) => new("127.0.0.1:1", name, "localhost", "", connections);

    private sealed class Silos : ILinkRegistries
    {
        public LinkOffer[] Offered { get; set; } = [];
        public Exception? Failure { get; set; }
        public int Asked { get; private set; }

        public Task<IReadOnlyList<LinkOffer>> OffersAsync()
        {
            Asked++;
            return Failure is null ? Task.FromResult<IReadOnlyList<LinkOffer>>(Offered) : Task.FromException<IReadOnlyList<LinkOffer>>(Failure);
        }

        public Task<LinkHolding?> FindAsync(SiloAddress silo, string gatewayId, string clientId) => throw new NotSupportedException();
        public Task<LinkHolding?> FindAnywhereAsync(string gatewayId, string clientId) => throw new NotSupportedException();
        public Task<DeliverReply?> DeliverAsync(SiloAddress silo, string gatewayId, string clientId, IGatewayObserver observer, GatewayRequest request) =>
            throw new NotSupportedException();
        public Task CloseSupersededAsync(LinkHolding holding) => throw new NotSupportedException();
    }
}
