using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Segments;

namespace Tidegate.Tests.Kit.Blobs;

/// <summary>
/// The map of a volume of 16 TiB with 100 GiB in it: 25,600 leaves of 64 blocks, evenly spread, written page by page as a fold writes them.
/// The segments that it names do not exist.
/// </summary>
public sealed class GeneratedMap : INonceSource
{
    public const long SizeBytes = 16L << 40;
    public const int Leaves = 25_600;
    public const int BlocksPerLeaf = 64;

    private readonly IBlobStore _store;
    private readonly List<SegmentLife> _lives = [];
    private ulong _nonce;

    private GeneratedMap(IBlobStore store)
    {
        _store = store;
        var lineage = new LineageId("123456789012", "vol-sparse");
        Ring.Add(lineage, 1, Key);
        Sealer = new LineageSealer(lineage, 1, Key, this);
        Head = HeadMachine.Create(lineage, 1, SizeBytes);
    }

    public DataKey Key { get; } = new(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray());

    public Keyring Ring { get; } = new();

    public LineageSealer Sealer { get; }

    /// <summary>A head whose base is the map, after one commit.</summary>
    public VolumeHead Head { get; private set; }

    /// <summary>Map segments that it takes.</summary>
    public int Segments => _lives.Count(life => life.Segment.Identity.Kind == SegmentKind.Map);

    /// <summary>The account of everything that it names, all living: what a fold would have left in the catalogue.</summary>
    public IReadOnlyList<SegmentLife> Lives => _lives;

    public IBlobSource Source => new BlobStoreSource(_store);

    public INonceSource Nonces => this;

    /// <summary>Number of a leaf in the map; its blocks are every eighth from its beginning.</summary>
    public static long LeafNumber(int leaf) => leaf * ((SizeBytes >> 25) / Leaves);

    public SegmentCache Open() => new(Source, Ring);

    public BlobNonce Next() => new(new UInt128(0x6d61_7020_6d61_7020, ++_nonce));

    public async ValueTask PutAsync(BlobEffect blob, CancellationToken cancellationToken) =>
        await _store.PutIfAbsentAsync(blob.Key, blob.Content, cancellationToken);

    public static async Task<GeneratedMap> WriteAsync(IBlobStore store)
    {
        var map = new GeneratedMap(store);
        await map.WriteAsync();
        return map;
    }

    private async Task WriteAsync()
    {
        using var writer = new PageWriter(Sealer, SegmentKind.Map, 1, 6 << 20);
        var pages = new SortedDictionary<long, PageReference>();
        for (var i = 0; i < Leaves; i++) pages.Add(LeafNumber(i), await WriteAsync(writer, Leaf(i)));
        for (var level = 1; level <= 3; level++)
        {
            var above = new SortedDictionary<long, MapPage>();
            foreach (var (number, page) in pages)
            {
                if (!above.TryGetValue(number / 512, out var parent)) above.Add(number / 512, parent = new MapPage(level, number / 512));
                parent.Children.Add((int)(number % 512), page);
            }
            pages.Clear();
            foreach (var (number, page) in above) pages.Add(number, await WriteAsync(writer, page));
        }
        writer.Finish();
        await PutFinishedAsync(writer);
        _lives.AddRange(writer.Segments.Select(segment => new SegmentLife(segment.Segment, segment.FrameBytes, segment.FrameBytes)));
        Head = Head with { CommittedSequence = 1, BaseSequence = 1, Root = new PageRoot(3, writer.Resolve(pages.Single().Value)) };
    }

    private MapPage Leaf(int leaf)
    {
        var page = new MapPage(0, LeafNumber(leaf));
        var data = new SegmentReference(SegmentIdentity.NewData(Sealer.Owner, 1, 1, 1, this), 8 << 20);
        _lives.Add(new SegmentLife(data, BlocksPerLeaf * BlockGeometry.BlockBytes, BlocksPerLeaf * BlockGeometry.BlockBytes));
        for (var i = 0; i < BlocksPerLeaf; i++)
            page.Blocks.Add(i * 8, [new MapFragment(data, i, ushort.MaxValue, 1, 65_536, new FrameTag((UInt128)(((ulong)leaf << 8) + (uint)i)))]);
        return page;
    }

    private async Task<PageReference> WriteAsync(PageWriter writer, MapPage page)
    {
        var holder = writer.NextHolder();
        await PutFinishedAsync(writer);
        foreach (var (slot, child) in page.Children.ToArray()) page.Children[slot] = writer.Resolve(child);
        return writer.Add((uint)page.Number, page.Level, page.Encode(holder), page.ComputeHash());
    }

    private async Task PutFinishedAsync(PageWriter writer)
    {
        while (writer.TryTakeBlob(out var blob)) await PutAsync(blob!, default);
    }
}
