using Microsoft.Extensions.Time.Testing;
using Tidegate.Grains.Security;
using Tidegate.Silo.Link;
using Xunit;

namespace Tidegate.Tests.Cluster.StateStores;

/// <summary>The revocations half: what every silo pulls once a second.</summary>
public abstract partial class StateStoreContract
{
    [Fact]
    public async Task Revocations_are_read_on_from_a_position_in_their_order_and_once_each()
    {
        var revocations = new SqlRevocationStore(Providers.Store, TimeProvider.System);
        var until = new DateTimeOffset(2126, 1, 2, 3, 4, 5, TimeSpan.Zero);
        Assert.Empty(await revocations.ReadAfterAsync(0, 10, default));
        await revocations.AddAsync([new RevokedCertificate("aa", until), new RevokedCertificate("BB", DateTimeOffset.MaxValue)], default);
        await revocations.AddAsync([new RevokedCertificate("AA", until), new RevokedCertificate("CC", until)], default);
        var all = await revocations.ReadAfterAsync(0, 10, default);
        Assert.Equal([("AA", until), ("BB", DateTimeOffset.MaxValue), ("CC", until)], all.Select(row => (row.Thumbprint, row.ExpiresAt)));
        Assert.Equal(["CC"], (await revocations.ReadAfterAsync(all[1].Position, 10, default)).Select(row => row.Thumbprint));
        Assert.Equal(["AA", "BB"], (await revocations.ReadAfterAsync(0, 2, default)).Select(row => row.Thumbprint));
    }

    [Fact]
    public async Task Nobody_reads_past_a_revocation_that_appears_later()
    {
        var revocations = new SqlRevocationStore(Providers.Store, TimeProvider.System);
        var writers = Enumerable.Range(0, 40).Select(number => Task.Run(() =>
            revocations.AddAsync([new RevokedCertificate($"{number:X4}A", DateTimeOffset.MaxValue), new RevokedCertificate($"{number:X4}B", DateTimeOffset.MaxValue)], default))).ToArray();
        var written = Task.WhenAll(writers);
        var (position, seen) = (0L, new HashSet<string>());
        for (var isLast = false; !isLast;)
        {
            isLast = written.IsCompleted;
            foreach (var row in await revocations.ReadAfterAsync(position, 7, default))
            {
                Assert.True(seen.Add(row.Thumbprint));
                position = row.Position;
                isLast = false;
            }
        }

        await written;
        Assert.Equal(80, seen.Count);
    }

    [Fact]
    public async Task A_revocation_goes_with_the_end_of_its_certificates_life_and_its_position_is_not_used_again()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));
        var revocations = new SqlRevocationStore(Providers.Store, time);
        await revocations.AddAsync([new RevokedCertificate("AA", time.GetUtcNow().AddDays(1))], default);
        var first = Assert.Single(await revocations.ReadAfterAsync(0, 10, default));
        time.Advance(TimeSpan.FromDays(2));
        await revocations.AddAsync([new RevokedCertificate("BB", time.GetUtcNow().AddDays(1))], default);
        var second = Assert.Single(await revocations.ReadAfterAsync(0, 10, default));
        Assert.Equal("BB", second.Thumbprint);
        Assert.True(second.Position > first.Position);
    }
}
