using Dapper;
using Tidegate.Grains.Outbox;
using Tidegate.Silo.Projections;
using Xunit;

namespace Tidegate.Tests.Cluster.StateStores;

/// <summary>The outbox half: audit log, events and projection.</summary>
public abstract partial class StateStoreContract
{
    private const string Volume = """{"type":"volume","gatewayId":"gw-1","name":"NAME","createdAt":"2026-01-02T03:04:05Z"}""";

    [Fact]
    public async Task Entries_reach_the_log_the_events_and_the_projection_together_and_once()
    {
        var publisher = new SqlOutboxPublisher(Providers.Store);
        var entries = Chain("vol-1", Row("first"), Row("second"));
        await publisher.PublishAsync(entries, CancellationToken.None);
        await publisher.PublishAsync(entries, CancellationToken.None);
        await publisher.PublishAsync(entries[1..], CancellationToken.None);

        Assert.Equal(2, await CountAsync("audit_log"));
        Assert.Equal(2, await CountAsync("events"));
        Assert.Equal(["second"], await NamesAsync());
        var read = await new ProjectionReader(Providers.Store).AuditAsync("111111111111", "vol-1", 0, 10, CancellationToken.None);
        Assert.Equal(entries.Select(entry => Convert.ToHexString(entry.Hash)), read.Select(row => Convert.ToHexString(row.Hash)));
        Assert.Equal(entries.Select(entry => entry.Json), read.Select(row => row.Body));
    }

    [Fact]
    public async Task A_batch_that_cannot_be_taken_whole_leaves_nothing()
    {
        var publisher = new SqlOutboxPublisher(Providers.Store);
        var entries = Chain("vol-1", Row("first"), Row("second"), Row("third"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => publisher.PublishAsync([entries[0], entries[2]], CancellationToken.None));
        Assert.Equal(0, await CountAsync("audit_log"));
        Assert.Equal(0, await CountAsync("events"));
        Assert.Equal(0, await CountAsync("resources"));
    }

    [Fact]
    public async Task A_second_history_of_an_aggregate_is_refused()
    {
        var publisher = new SqlOutboxPublisher(Providers.Store);
        await publisher.PublishAsync(Chain("vol-1", Row("first"), Row("second")), CancellationToken.None);
        await Assert.ThrowsAsync<InvalidOperationException>(() => publisher.PublishAsync(Chain("vol-1", Row("other")), CancellationToken.None));
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            publisher.PublishAsync(Chain("vol-1", Row("other"), Row("b"), Row("c"))[2..], CancellationToken.None));
        Assert.Equal(["second"], await NamesAsync());
    }

    [Fact]
    public async Task A_resource_that_is_gone_leaves_the_lists_for_good()
    {
        var publisher = new SqlOutboxPublisher(Providers.Store);
        var entries = Chain("vol-1", Row("first"), """{"change":null,"row":null}""");
        await publisher.PublishAsync(entries, CancellationToken.None);
        await publisher.PublishAsync(entries[..1], CancellationToken.None);
        Assert.Empty(await NamesAsync());
    }

    [Theory]
    [InlineData("UPDATE audit_log SET body = '{}'")]
    [InlineData("DELETE FROM audit_log")]
    public async Task The_audit_log_only_grows(string change)
    {
        await new SqlOutboxPublisher(Providers.Store).PublishAsync(Chain("vol-1", Row("first")), CancellationToken.None);
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => ExecuteAsync(change));
        Assert.Equal(1, await CountAsync("audit_log"));
    }

    [Fact]
    public async Task Parallel_publishers_lose_and_repeat_nothing()
    {
        const int aggregates = 12, entriesEach = 6;
        var publisher = new SqlOutboxPublisher(Providers.Store);
        await Task.WhenAll(Enumerable.Range(0, aggregates).SelectMany(number =>
        {
            var entries = Chain($"vol-{number}", [.. Enumerable.Range(1, entriesEach).Select(entry => Row($"{number}-{entry}"))]);
            // Twice each: a publisher that got no answer offers its entries again.
            return new[] { publisher.PublishAsync(entries, CancellationToken.None), publisher.PublishAsync(entries, CancellationToken.None) };
        }));
        Assert.Equal(aggregates * entriesEach, await CountAsync("audit_log"));
        Assert.Equal(Enumerable.Range(0, aggregates).Select(number => $"{number}-{entriesEach}").Order(), (await NamesAsync()).Order());
    }

    [Fact]
    public async Task A_rebuilt_projection_equals_the_one_it_replaces()
    {
        var publisher = new SqlOutboxPublisher(Providers.Store);
        await publisher.PublishAsync(Chain("vol-1", Row("a"), Row("b")), CancellationToken.None);
        await publisher.PublishAsync(Chain("vol-2", Row("c"), """{"row":null}"""), CancellationToken.None);
        var before = await RowsAsync();
        await ExecuteAsync("UPDATE resources SET name = 'spoilt', number = 99");

        Assert.Equal(4, await new ProjectionRebuilder(Providers.Store, TimeProvider.System).RebuildAsync());

        Assert.Equal(before, await RowsAsync());
    }

    private static string Row(string name) => $$"""{"change":null,"row":{{Volume.Replace("NAME", name, StringComparison.Ordinal)}}}""";

    private static OutboxEntry[] Chain(string aggregate, params string[] bodies)
    {
        var entries = new List<OutboxEntry>();
        foreach (var body in bodies)
        {
            var entry = new OutboxEntry(
                entries.Count + 1, aggregate, "111111111111", "test.happened", new DateTimeOffset(2026, 1, 1, 0, 0, entries.Count, TimeSpan.Zero), "tester", body,
                entries.Count == 0 ? new byte[AuditHash.LengthBytes] : entries[^1].Hash, []);
            entries.Add(entry with { Hash = AuditHash.Compute(entry) });
        }

        return [.. entries];
    }

    private Task<int> CountAsync(string table) => Providers.Store.ReadAsync(connection => connection.ExecuteScalarAsync<int>($"SELECT count(*) FROM {table}"));

    private async Task<IReadOnlyList<string>> NamesAsync() =>
        [.. await Providers.Store.ReadAsync(connection => connection.QueryAsync<string>("SELECT name FROM resources WHERE deleted = 0"))];

    private async Task<IReadOnlyList<(string, string, long, long)>> RowsAsync() => [.. await Providers.Store.ReadAsync(connection =>
        connection.QueryAsync<(string, string, long, long)>("SELECT id, name, cast(number AS bigint), cast(deleted AS bigint) FROM resources ORDER BY id"))];
}
