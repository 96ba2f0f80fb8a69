using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Silo.Link;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

/// <summary>A silo that stops hands its links over: first nobody comes any more, then everybody leaves, not all at once.</summary>
public sealed class LinkDrainTests
{
    private readonly LinkConnections _connections = new();
    private readonly WatchedTime _time = new();
    private readonly Membership _membership = new();

    [Fact]
    public async Task Links_are_closed_little_by_little_once_nobody_is_sent_here_any_more()
    {
        var held = Enumerable.Range(0, 100).Select(Connected).ToArray();
        var stopping = Drain().StopAsync(default);
        Assert.True(_connections.IsClosed);
        _time.Advance(LinkOffers.MaxAge - TimeSpan.FromMilliseconds(1));
        Assert.DoesNotContain(held, connection => connection.ClosedBecause is not null);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await _time.RunWaitsAsync(() => held.Count(connection => connection.ClosedBecause is not null) == 5, TimeSpan.Zero);
        var began = _time.GetUtcNow();
        await _time.RunWaitsAsync(stopping, TimeSpan.FromMilliseconds(100));
        Assert.All(held, connection => Assert.NotNull(connection.ClosedBecause));
        Assert.True(_time.GetUtcNow() - began >= TimeSpan.FromSeconds(1.9));
    }

    [Fact]
    public async Task The_only_silo_keeps_its_links_to_the_end()
    {
        var held = Connected(1);
        _membership.Active = [_membership.SiloAddress];
        await Drain().StopAsync(default);
        Assert.Null(held.ClosedBecause);
        Assert.True(_connections.IsClosed);
    }

    private LinkDrain Drain() => new(_connections, _membership, _time, NullLogger<LinkDrain>.Instance);

    private LinkConnection Connected(int number)
    {
        var thumbprint = number.ToString(CultureInfo.InvariantCulture);
        var connection = new LinkConnection(new LinkIdentity("gw-00000000000000000001", "123456789012", thumbprint, DateTimeOffset.MaxValue), new DefaultConnectionContext());
        Assert.True(_connections.TryAdd(connection));
        return connection;
    }

    private sealed class Membership : ISiloStatusOracle
    {
        public SiloAddress SiloAddress { get; } = SiloAddress.New(IPAddress.Loopback, 1, 1);
        public SiloAddress[] Active { get; set; } = [SiloAddress.New(IPAddress.Loopback, 1, 1), SiloAddress.New(IPAddress.Loopback, 2, 1)];
        public SiloStatus CurrentStatus => SiloStatus.Active;
        public string SiloName => "silo";

        public SiloAddress[] GetActiveSilos() => Active;
        public SiloStatus GetApproximateSiloStatus(SiloAddress siloAddress) => throw new NotSupportedException();
        public Dictionary<SiloAddress, SiloStatus> GetApproximateSiloStatuses(bool onlyActive = false) => throw new NotSupportedException();
        public bool TryGetSiloName(SiloAddress siloAddress, out string siloName) => throw new NotSupportedException();
        public bool IsFunctionalDirectory(SiloAddress siloAddress) => throw new NotSupportedException();
        public bool IsDeadSilo(SiloAddress silo) => throw new NotSupportedException();
        public bool SubscribeToSiloStatusEvents(ISiloStatusListener observer) => throw new NotSupportedException();
        public bool UnSubscribeFromSiloStatusEvents(ISiloStatusListener observer) => throw new NotSupportedException();
    }
}
