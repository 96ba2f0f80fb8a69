using Orleans.Storage;
using Tidegate.Silo.Options;
using Xunit;

namespace Tidegate.Tests.Cluster.StateStores;

/// <summary>What a state store must do for grains, whichever database it is: the persistence half.</summary>
public abstract partial class StateStoreContract : IAsyncLifetime
{
    private StoreProviders _providers = null!;

    private protected StateOptions Options { get; private set; } = null!;

    private StoreProviders Providers => _providers;

    /// <summary>Options for a database of its own, empty.</summary>
    private protected abstract Task<StateOptions> NewDatabaseAsync();

    public async ValueTask InitializeAsync()
    {
        Options = await NewDatabaseAsync();
        _providers = await StoreProviders.OpenAsync(Options);
    }

    public virtual async ValueTask DisposeAsync()
    {
        await _providers.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("acc/volume/größe-名前")]
    [InlineData("it's")]
    public async Task State_is_read_back_as_it_was_written(string key)
    {
        var grain = GrainId.Create("thing", key);
        var written = new GrainState<StoredText> { State = new StoredText("one", [0, 1, 255]) };
        await Providers.Storage.WriteStateAsync("thing", grain, written);

        var read = await ReadAsync("thing", grain);

        Assert.Equal("one", read.State!.Text);
        Assert.Equal([0, 1, 255], read.State!.Bytes);
        Assert.Equal(written.ETag, read.ETag);
        Assert.True(read.RecordExists);
    }

    [Fact]
    public async Task A_grain_never_written_has_no_record()
    {
        var read = await ReadAsync("thing", GrainId.Create("thing", "absent"));
        Assert.False(read.RecordExists);
        Assert.Null(read.ETag);
    }

    [Fact]
    public async Task Keys_and_state_names_do_not_mix()
    {
        await WriteAsync("first", GrainId.Create("thing", "x"), "first/x");
        await WriteAsync("second", GrainId.Create("thing", "x"), "second/x");
        await WriteAsync("first", GrainId.Create("thing", "X"), "first/X");

        Assert.Equal("first/x", (await ReadAsync("first", GrainId.Create("thing", "x"))).State!.Text);
        Assert.Equal("second/x", (await ReadAsync("second", GrainId.Create("thing", "x"))).State!.Text);
        Assert.Equal("first/X", (await ReadAsync("first", GrainId.Create("thing", "X"))).State!.Text);
    }

    [Fact]
    public async Task A_write_with_an_old_etag_is_refused_and_changes_nothing()
    {
        var grain = GrainId.Create("thing", "raced");
        var winner = await WriteAsync("thing", grain, "first");
        var loser = await ReadAsync("thing", grain);
        winner.State = new StoredText("second", []);
        await Providers.Storage.WriteStateAsync("thing", grain, winner);

        loser.State = new StoredText("lost", []);
        await Assert.ThrowsAsync<InconsistentStateException>(() => Providers.Storage.WriteStateAsync("thing", grain, loser));

        Assert.Equal("second", (await ReadAsync("thing", grain)).State!.Text);
    }

    [Fact]
    public async Task A_first_write_is_refused_when_somebody_wrote_before()
    {
        var grain = GrainId.Create("thing", "twice");
        await WriteAsync("thing", grain, "first");
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync("thing", grain, "again"));
        Assert.Equal("first", (await ReadAsync("thing", grain)).State!.Text);
    }

    [Fact]
    public async Task A_write_with_an_etag_is_refused_when_the_row_is_gone()
    {
        var ghost = new GrainState<StoredText> { State = new StoredText("ghost", []), ETag = "7" };
        await Assert.ThrowsAsync<InconsistentStateException>(() => Providers.Storage.WriteStateAsync("thing", GrainId.Create("thing", "ghost"), ghost));
        Assert.False((await ReadAsync("thing", GrainId.Create("thing", "ghost"))).RecordExists);
    }

    [Fact]
    public async Task Clearing_needs_the_newest_etag_and_leaves_nothing_to_read()
    {
        var grain = GrainId.Create("thing", "cleared");
        var state = await WriteAsync("thing", grain, "first");
        var stale = await ReadAsync("thing", grain);
        await Providers.Storage.WriteStateAsync("thing", grain, state);
        await Assert.ThrowsAsync<InconsistentStateException>(() => Providers.Storage.ClearStateAsync("thing", grain, stale));

        await Providers.Storage.ClearStateAsync("thing", grain, state);
        var read = await ReadAsync("thing", grain);
        Assert.Equal("", read.State!.Text);

        read.State = new StoredText("reborn", []);
        await Providers.Storage.WriteStateAsync("thing", grain, read);
        Assert.Equal("reborn", (await ReadAsync("thing", grain)).State!.Text);
    }

    [Fact]
    public async Task Of_parallel_writers_with_the_same_etag_exactly_one_wins_each_round()
    {
        const int rounds = 20, writers = 16;
        var grain = GrainId.Create("thing", "contended");
        await WriteAsync("thing", grain, "start");
        for (var round = 0; round < rounds; round++)
        {
            var etag = (await ReadAsync("thing", grain)).ETag;
            // On threads of their own: a provider whose calls block would otherwise run one writer after the other.
            var outcomes = await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
            {
                var state = new GrainState<StoredText> { State = new StoredText($"{round}/{writer}", []), ETag = etag };
                try
                {
                    await Providers.Storage.WriteStateAsync("thing", grain, state);
                    return (Text: state.State!.Text, Won: true);
                }
                catch (InconsistentStateException)
                {
                    return (Text: "", Won: false);
                }
            })));
            var winner = Assert.Single(outcomes, outcome => outcome.Won);
            Assert.Equal(winner.Text, (await ReadAsync("thing", grain)).State!.Text);
        }
    }

    [Fact]
    public async Task Parallel_writers_of_different_grains_all_finish_and_none_starves()
    {
        const int writers = 64, writes = 10;
        var longest = TimeSpan.Zero;
        var gate = new Lock();
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            var grain = GrainId.Create("thing", $"writer-{writer}");
            var state = new GrainState<StoredText> { State = new StoredText("", new byte[2048]) };
            for (var write = 0; write < writes; write++)
            {
                var started = TimeProvider.System.GetTimestamp();
                state.State = new StoredText($"{write}", state.State!.Bytes);
                await Providers.Storage.WriteStateAsync("thing", grain, state);
                var took = TimeProvider.System.GetElapsedTime(started);
                lock (gate) longest = took > longest ? took : longest;
            }
        })));

        for (var writer = 0; writer < writers; writer++)
            Assert.Equal($"{writes - 1}", (await ReadAsync("thing", GrainId.Create("thing", $"writer-{writer}"))).State!.Text);
        TestContext.Current.TestOutputHelper?.WriteLine($"{writers} writers x {writes}: slowest write {longest.TotalMilliseconds:F0} ms");
    }

    [Fact]
    public async Task State_survives_the_process()
    {
        var grain = GrainId.Create("thing", "kept");
        var written = await WriteAsync("thing", grain, "kept");
        await _providers.DisposeAsync();
        _providers = await StoreProviders.OpenAsync(Options);

        var read = await ReadAsync("thing", grain);
        Assert.Equal("kept", read.State!.Text);
        Assert.Equal(written.ETag, read.ETag);
    }

    private async Task<GrainState<StoredText>> ReadAsync(string name, GrainId grain)
    {
        var state = new GrainState<StoredText>();
        await Providers.Storage.ReadStateAsync(name, grain, state);
        return state;
    }

    private async Task<GrainState<StoredText>> WriteAsync(string name, GrainId grain, string text)
    {
        var state = new GrainState<StoredText> { State = new StoredText(text, []) };
        await Providers.Storage.WriteStateAsync(name, grain, state);
        return state;
    }
}
