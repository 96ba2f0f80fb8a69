using CsCheck;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Kit.Blobs;
using Tidegate.Tests.Unit.BlockStore.Segments;
using Tidegate.Tests.Unit.Properties;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Catalogues;

public sealed class CatalogueEditTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);

    private readonly MemoryBlobStore _store = new(TimeProvider.System);
    private readonly LineageSealer _sealer = new(SegmentFixture.Owner, 1, SegmentFixture.Key, new SeededNonces());
    private long _version;
    private PageRoot? _root;
    private readonly List<string> _written = [];

    [Fact]
    public async Task Every_kind_of_record_reads_back()
    {
        var snapshot = new SnapshotRecord("snap-1", 5, 4, 99, Now, Now.AddSeconds(1), ImageDescriptor.Empty(4096));
        var pin = new PinRecord("vol-2", "snap-1", 4, 5, ImageDescriptor.Empty(4096), Now, true);
        var tombstone = new Tombstone("a/b/c", Now, 9);
        var identity = SegmentIdentity.NewData(SegmentFixture.Owner, 1, 2, 3, new SeededNonces());
        var life = new SegmentLife(new SegmentReference(identity, 70_000), 5000, 4000) { HeldBytes = 100, DeadLists = 1 };
        var death = new DeathRecord(3, 8, SegmentKind.Data, 3, identity.Nonce, 100, 2);
        var page = new PageReference(
            new SegmentReference(identity with { Kind = SegmentKind.Map, Epoch = 0 }, 9000), 3, 500, new PageHash(1, 2));
        var subtree = new DeadSubtree(8, 2, 77, page);
        var window = new RecoveryWindow(4, Now);
        await ChangeAsync(async edit =>
        {
            Assert.True(await edit.PutSnapshotAsync(snapshot));
            await edit.PutPinAsync(pin);
            await edit.PutTombstoneAsync(tombstone);
            await edit.PutLifeAsync(life, default);
            await edit.AddDeathAsync(death, default);
            await edit.PutSubtreeAsync(subtree);
            await edit.SetWindowAsync(window);
        });
        var read = Open();
        Assert.Equal(snapshot, await read.FindSnapshotAsync("snap-1"));
        Assert.Equal(pin, await read.FindPinAsync("vol-2"));
        Assert.Equal(life, await read.FindLifeAsync(identity));
        Assert.Equal(window, await read.GetWindowAsync());
        Assert.Equal([(5, "snap-1")], await read.ListCutsAsync(0, long.MaxValue));
        Assert.Empty(await read.ListCutsAsync(6, 10));
        Assert.Equal([snapshot], await ListAsync(read.ListSnapshotsAsync()));
        Assert.Equal([pin], await ListAsync(read.ListPinsAsync()));
        Assert.Equal([tombstone], await ListAsync(read.ListTombstonesAsync()));
        Assert.Equal([life], await ListAsync(read.ListLivesAsync()));
        Assert.Equal([death], await ListAsync(read.ListDeathsAsync()));
        Assert.Equal([subtree], await ListAsync(read.ListSubtreesAsync()));
        await ChangeAsync(async edit =>
        {
            await edit.AddDeathAsync(death, default);
            Assert.True(await edit.RemoveSnapshotAsync("snap-1"));
            Assert.False(await edit.RemoveSnapshotAsync("snap-1"));
            await edit.RemovePinAsync("vol-2");
            await edit.RemoveTombstoneAsync(tombstone);
        });
        Assert.Equal([death with { Bytes = 200, Frames = 4 }], await ListAsync(Open().ListDeathsAsync()));
        Assert.Empty(await ListAsync(Open().ListSnapshotsAsync()));
        Assert.Empty(await Open().ListCutsAsync(0, long.MaxValue));
    }

    [Fact]
    public async Task I4_a_snapshot_keeps_the_cut_that_it_got_first()
    {
        var snapshot = new SnapshotRecord("snap-1", 5, 4, 99, Now, Now, ImageDescriptor.Empty(4096));
        await ChangeAsync(async edit => Assert.True(await edit.PutSnapshotAsync(snapshot)));
        await ChangeAsync(async edit => Assert.False(await edit.PutSnapshotAsync(snapshot with { Sequence = 6 })));
        Assert.Equal(snapshot, await Open().FindSnapshotAsync("snap-1"));
        Assert.Single(await Open().ListCutsAsync(0, 100));
    }

    [Fact]
    public void Changes_in_any_order_leave_what_a_dictionary_would_hold()
    {
        Gen.Select(Gen.Int[0, 400], Gen.Int[0, 3]).Array[0, 120].Array[1, 12].SampleFixed(
            batches => RunAsync(batches).GetAwaiter().GetResult(), iter: 30);

        async Task RunAsync((int Key, int Kind)[][] batches)
        {
            _root = null;
            _written.Clear();
            var model = new SortedDictionary<string, PinRecord>(StringComparer.Ordinal);
            foreach (var batch in batches)
            {
                await ChangeAsync(async edit =>
                {
                    foreach (var (key, kind) in batch)
                    {
                        var name = $"vol-{key:d4}-{new string('x', 30)}";
                        if (kind == 0)
                        {
                            await edit.RemovePinAsync(name);
                            model.Remove(name);
                        }
                        else
                        {
                            // Long values, so that pages split at a few dozen records.
                            model[name] = new PinRecord(name, new string((char)('a' + kind), 200), 0, key, ImageDescriptor.Empty(4096), Now, kind == 1);
                            await edit.PutPinAsync(model[name]);
                        }
                    }
                });
                Assert.Equal(model.Values, await ListAsync(Open().ListPinsAsync()));
                await VerifyOwnPagesAsync();
            }
        }
    }

    [Fact]
    public async Task A_change_writes_the_pages_of_its_path_and_not_the_whole()
    {
        await ChangeAsync(async edit =>
        {
            for (var i = 0; i < 20_000; i++) await edit.PutTombstoneAsync(new Tombstone($"account/volume/segment-{i:d6}", Now, i));
        });
        Assert.True(_root!.Level >= 1);
        var whole = await SizeAsync();
        await ChangeAsync(edit => edit.PutTombstoneAsync(new Tombstone("account/volume/segment-010000x", Now, 1)).AsTask());
        var change = await SizeAsync() - whole;
        Assert.InRange(change, 1, 40 << 10);
        Assert.True(whole > 10 * change, $"{change} of {whole} bytes");
        Assert.Equal(20_001, (await ListAsync(Open().ListTombstonesAsync())).Count);
    }

    [Fact]
    public async Task An_edit_that_changes_nothing_stores_nothing()
    {
        await ChangeAsync(edit => edit.PutPinAsync(new PinRecord("vol-2", "snap", 1, 1, ImageDescriptor.Empty(4096), Now, false)).AsTask());
        var edit = Open();
        await edit.RemovePinAsync("vol-9");
        var update = await edit.SealAsync(_sealer, 9, Now);
        Assert.Equal(_root, update.Root);
        Assert.Empty(update.Blobs);
        await Assert.ThrowsAsync<InvalidOperationException>(() => edit.SealAsync(_sealer, 9, Now));
    }

    [Fact]
    public async Task I6_an_older_page_put_back_is_an_error_that_names_it()
    {
        await ChangeAsync(edit => edit.PutPinAsync(new PinRecord("vol-2", "snap", 1, 1, ImageDescriptor.Empty(4096), Now, false)).AsTask());
        var old = _root!;
        await ChangeAsync(edit => edit.PutPinAsync(new PinRecord("vol-2", "snap", 1, 1, ImageDescriptor.Empty(4096), Now, true)).AsTask());
        _root = _root! with { Page = old.Page with { Hash = _root.Page.Hash } };
        var error = await Assert.ThrowsAsync<CorruptDataException>(async () => await Open().FindPinAsync("vol-2"));
        Assert.Contains(old.Page.Segment.Identity.BlobKey, error.Message, StringComparison.Ordinal);
    }

    /// <summary>The catalogue counts its pages as a walk does, and has condemned every other blob that it ever wrote.</summary>
    private async Task VerifyOwnPagesAsync()
    {
        var walked = new Dictionary<SegmentIdentity, int>();
        if (_root is not null) await WalkAsync(_root.Page, _root.Level);
        var counted = (await ListAsync(Open().ListPageSegmentsAsync())).ToDictionary(part => part.Segment, part => part.Pages);
        Assert.Equal(walked.OrderBy(part => part.Key.BlobKey), counted.OrderBy(part => part.Key.BlobKey));
        var condemned = (await ListAsync(Open().ListTombstonesAsync())).Select(tombstone => tombstone.BlobKey);
        Assert.Equal(_written.Except(walked.Keys.Select(segment => segment.BlobKey)).Order(), condemned.Order());

        async Task WalkAsync(PageReference page, int level)
        {
            walked[page.Segment.Identity] = walked.GetValueOrDefault(page.Segment.Identity) + 1;
            if (level == 0) return;
            var plain = await new SegmentCache(new BlobStoreSource(_store), SegmentFixture.Ring).ReadPageAsync(page.Segment, page.Index, default);
            foreach (var child in CataloguePage.Decode(plain, page.Segment, level, "page").Children) await WalkAsync(child.Stored!, level - 1);
        }
    }

    private CatalogueEdit Open() => new(SegmentFixture.Owner, _root, new SegmentCache(new BlobStoreSource(_store), SegmentFixture.Ring));

    private async Task ChangeAsync(Func<CatalogueEdit, Task> change)
    {
        var edit = Open();
        await change(edit);
        var update = await edit.SealAsync(_sealer, ++_version, Now);
        foreach (var blob in update.Blobs)
        {
            await _store.PutIfAbsentAsync(blob.Key, blob.Content);
            _written.Add(blob.Key);
        }
        _root = update.Root;
    }

    private async Task<long> SizeAsync()
    {
        var size = 0L;
        await foreach (var entry in _store.ListAsync("")) size += entry.LengthBytes;
        return size;
    }

    private static async Task<List<T>> ListAsync<T>(IAsyncEnumerable<T> items)
    {
        var list = new List<T>();
        await foreach (var item in items) list.Add(item);
        return list;
    }
}
