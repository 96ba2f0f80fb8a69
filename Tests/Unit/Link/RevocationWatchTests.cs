using System.Reflection;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Security;
using Tidegate.Silo.Link;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

/// <summary>The pull of every second under driven time (I9).</summary>
public sealed class RevocationWatchTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly ScriptedStore _store = new();
    private readonly RevocationTable _table;
    private readonly LinkConnections _connections = new();
    private readonly EnumerationOwners _enumerations = new();
    private readonly RevocationWatch _watch;

    public RevocationWatchTests()
    {
        _table = new RevocationTable(_time);
        _watch = new RevocationWatch(_store, _table, _connections, _enumerations, null!, _time, NullLogger<RevocationWatch>.Instance);
    }

    [Fact]
    public async Task I9_Agents_are_refused_from_four_seconds_of_a_stores_absence_until_it_is_back()
    {
        await StartAsync();
        Assert.True(_table.IsCurrent);
        _store.IsAway = true;
        for (var second = 1; second <= 3; second++) await TickAsync();
        _time.Advance(TimeSpan.FromMilliseconds(900));
        Assert.True(_table.IsCurrent);
        _time.Advance(TimeSpan.FromMilliseconds(200));
        Assert.False(_table.IsCurrent);
        await _store.ReadAsync();
        _store.IsAway = false;
        await TickAsync();
        Assert.True(_table.IsCurrent);
    }

    [Fact]
    public async Task I9_A_revocation_that_is_found_closes_the_certificates_links()
    {
        var (mine, other) = (Connection("AA", _time.GetUtcNow().AddDays(1)), Connection("BB", _time.GetUtcNow().AddDays(1)));
        await StartAsync();
        _store.Rows.Add(new Revocation(5, "AA", DateTimeOffset.MaxValue));
        await TickAsync();
        Assert.True(_table.IsRevoked("AA"));
        Assert.NotNull(mine.ClosedBecause);
        Assert.Null(other.ClosedBecause);
        Assert.Equal(5, _table.Position);
    }

    [Fact]
    public async Task I9_A_revoked_API_key_takes_every_connection_and_stream_of_its_clients_with_it()
    {
        const string key = "key-0000000000000000000a";
        LinkConnection[] mine = [Developer(key, "AA"), Developer(key, "BB")];
        var other = Developer("key-0000000000000000000b", "CC");
        var activation = DispatchProxy.Create<IGrainContext, EnumerationOwnersTests.Nobody>();
        foreach (var (owner, thumbprint) in new[] { (key, "AA"), (key, "gone to another silo"), ("key-0000000000000000000b", "CC") })
            Assert.True(_enumerations.TryStart(activation, Guid.NewGuid(), Token(owner, thumbprint, DateTimeOffset.MaxValue)));
        await StartAsync();
        _store.Rows.Add(new Revocation(1, key.ToUpperInvariant(), DateTimeOffset.MaxValue));
        await TickAsync();
        Assert.All(mine, static connection => Assert.NotNull(connection.ClosedBecause));
        Assert.Null(other.ClosedBecause);
        Assert.Empty(_enumerations.OwnedBy(key));
        Assert.Single(_enumerations.OwnedBy("CC"));
        Assert.True(((IRevokedCertificates)_table).IsRevoked(mine[0].Identity) && ((IRevokedCertificates)_table).IsRevoked(Token(key, "whichever comes", DateTimeOffset.MaxValue)));
        Assert.False(((IRevokedCertificates)_table).IsRevoked(other.Identity));
    }

    [Fact]
    public async Task A_stream_ends_with_its_certificate_on_whichever_silo_it_runs()
    {
        var activation = DispatchProxy.Create<IGrainContext, EnumerationOwnersTests.Nobody>();
        Assert.True(_enumerations.TryStart(activation, Guid.NewGuid(), Token("key-0000000000000000000a", "AA", _time.GetUtcNow().AddSeconds(2))));
        await StartAsync();
        await TickAsync();
        Assert.Single(_enumerations.OwnedBy("AA"));
        await TickAsync();
        await TickAsync();
        Assert.Empty(_enumerations.OwnedBy("AA"));
    }

    [Fact]
    public async Task A_push_is_in_force_when_it_returns()
    {
        _store.Rows.AddRange(Enumerable.Range(1, 2500).Select(number => new Revocation(number, $"{number:X4}", DateTimeOffset.MaxValue)));
        await _watch.ExecuteCommand(0, null);
        Assert.True(_table.IsRevoked($"{2500:X4}"));
        Assert.True(_table.IsCurrent);
    }

    [Fact]
    public async Task A_certificate_that_expires_ends_the_links_it_opened()
    {
        var link = Connection("AA", _time.GetUtcNow().AddSeconds(2));
        await StartAsync();
        await TickAsync();
        await TickAsync();
        await TickAsync();
        Assert.Equal("its certificate has expired", link.ClosedBecause);
    }

    public async ValueTask DisposeAsync()
    {
        await _watch.StopAsync(default);
        _watch.Dispose();
    }

    private async Task StartAsync()
    {
        await _watch.StartAsync(default);
        await SettledAsync();
    }

    private async Task TickAsync()
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        await SettledAsync();
    }

    // The read has begun; the next one waits until what this one found was done.
    private async Task SettledAsync()
    {
        await _store.ReadAsync();
        await _watch.ExecuteCommand(0, null);
        await _store.ReadAsync();
    }

    private static LinkToken Token(string keyId, string thumbprint, DateTimeOffset certificateEndsAt) =>
        new(new Caller(Role.Reader, "123456789012", "", keyId), thumbprint, "client", DateTimeOffset.MaxValue) { CertificateExpiresAt = certificateEndsAt };

    private LinkConnection Developer(string keyId, string thumbprint) =>
        Added(new LinkIdentity(keyId, "123456789012", thumbprint, DateTimeOffset.MaxValue) { DeveloperClientId = keyId + thumbprint });

    private LinkConnection Connection(string thumbprint, DateTimeOffset expiresAt) => Added(new LinkIdentity("gw-00000000000000000001", "123456789012", thumbprint, expiresAt));

    private LinkConnection Added(LinkIdentity identity)
    {
        var connection = new LinkConnection(identity, new DefaultConnectionContext());
        Assert.True(_connections.TryAdd(connection));
        return connection;
    }

    private sealed class ScriptedStore : IRevocationStore
    {
        private readonly Channel<bool> _reads = Channel.CreateUnbounded<bool>();

        public List<Revocation> Rows { get; } = [];

        public bool IsAway { get; set; }

        /// <summary>The next read that was made.</summary>
        public async Task ReadAsync() => await _reads.Reader.ReadAsync().AsTask().OrHungAsync();

        public Task AddAsync(IReadOnlyList<RevokedCertificate> certificates, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<Revocation>> ReadAfterAsync(long position, int limit, CancellationToken cancellationToken)
        {
            _reads.Writer.TryWrite(true);
            return IsAway
                ? throw new IOException("away")
                : Task.FromResult<IReadOnlyList<Revocation>>([.. Rows.Where(row => row.Position > position).Take(limit)]);
        }
    }
}
