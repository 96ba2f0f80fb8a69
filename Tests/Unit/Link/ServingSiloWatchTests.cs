using System.Collections.Immutable;
using System.Net;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Silo.Link;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

/// <summary>A silo that membership declares dead takes the connections of its links with it, here.</summary>
public sealed class ServingSiloWatchTests
{
    private static readonly SiloAddress Here = SiloAddress.New(IPAddress.Loopback, 1, 1);
    private static readonly SiloAddress There = SiloAddress.New(IPAddress.Loopback, 2, 1);

    [Fact]
    public async Task When_a_silo_is_declared_dead_the_connections_of_its_links_are_closed()
    {
        var (connections, membership) = (new LinkConnections(), new Membership());
        var (here, there) = (Connected(connections, "a", Here), Connected(connections, "b", There));
        using var watch = new ServingSiloWatch(connections, membership, NullLogger<ServingSiloWatch>.Instance);
        await watch.StartAsync(default);
        membership.Publish((Here, SiloStatus.Active), (There, SiloStatus.Active));
        membership.Publish((Here, SiloStatus.Active), (There, SiloStatus.ShuttingDown));
        await membership.SeenAsync();
        Assert.Null(there.ClosedBecause);
        membership.Publish((Here, SiloStatus.Active), (There, SiloStatus.Dead));
        await membership.SeenAsync();
        Assert.NotNull(there.ClosedBecause);
        Assert.Null(here.ClosedBecause);
        await watch.StopAsync(default);
    }

    private static LinkConnection Connected(LinkConnections connections, string client, SiloAddress servedBy)
    {
        var connection = new LinkConnection(new LinkIdentity("gw-00000000000000000001", "123456789012", client, DateTimeOffset.MaxValue), new DefaultConnectionContext());
        Assert.True(connections.TryAdd(connection) && connections.TryBind(client, connection));
        connections.Accept(connection, new LinkHolding(Here, client, client, 1));
        connection.ServedBy = servedBy;
        return connection;
    }

    private sealed class Membership : IClusterMembershipService
    {
        private readonly Channel<ClusterMembershipSnapshot> _updates = Channel.CreateUnbounded<ClusterMembershipSnapshot>();
        private readonly Channel<bool> _idle = Channel.CreateUnbounded<bool>();
        private long _version;

        public ClusterMembershipSnapshot CurrentSnapshot => throw new NotSupportedException();

        public IAsyncEnumerable<ClusterMembershipSnapshot> MembershipUpdates => ReadAsync();

        public void Publish(params (SiloAddress Silo, SiloStatus Status)[] members) => _updates.Writer.TryWrite(new ClusterMembershipSnapshot(
            members.ToImmutableDictionary(member => member.Silo, member => new ClusterMember(member.Silo, member.Status, member.Silo.ToString())), new(++_version)));

        /// <summary>Completes when everything published was taken and the watch has come back for more.</summary>
        public async Task SeenAsync()
        {
            while (_idle.Reader.TryRead(out _))
            {
            }

            // One that says nothing new, so that there is something to come back from.
            _updates.Writer.TryWrite(new ClusterMembershipSnapshot(ImmutableDictionary<SiloAddress, ClusterMember>.Empty, new(++_version)));
            await _idle.Reader.ReadAsync().AsTask().OrHungAsync();
        }

        public ValueTask Refresh(MembershipVersion minimumVersion = default, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<bool> TryKill(SiloAddress siloAddress) => throw new NotSupportedException();

        private async IAsyncEnumerable<ClusterMembershipSnapshot> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            while (await _updates.Reader.WaitToReadAsync(cancellationToken))
            {
                while (_updates.Reader.TryRead(out var update)) yield return update;
                _idle.Writer.TryWrite(true);
            }
        }
    }
}
