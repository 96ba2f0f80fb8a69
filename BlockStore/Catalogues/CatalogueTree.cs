using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Catalogues;

/// <summary>
/// A copy-on-write ordered table: loads the pages that a key's path needs, changes them in memory, and writes the changed ones
/// alone. Not safe for parallel use.
/// </summary>
internal sealed class CatalogueTree(SegmentCache segments, PageRoot? root)
{
    /// <summary>Leaves that one listing leaves in memory, for the changes that follow it; of the others it holds one at a time (I11).</summary>
    private const int KeptLeaves = 128;

    private CatalogueChild? _root = root is null ? null : new CatalogueChild(root.Page);
    private int _level = root?.Level ?? 0;
    private readonly List<PageReference> _replaced = [];

    /// <summary>Stored pages that the changes so far replace or empty.</summary>
    public IReadOnlyList<PageReference> Replaced => _replaced;

    /// <summary>Pages that <see cref="Write"/> will write.</summary>
    public int ChangedPages => _root is null ? 0 : CountChanged(_root);

    public async ValueTask<byte[]?> GetAsync(byte[] key, CancellationToken cancellationToken)
    {
        if (_root is null) return null;
        var page = await LoadAsync(_root, _level, cancellationToken);
        while (page.Level > 0) page = await LoadAsync(page.Children[page.ChildFor(key)], page.Level - 1, cancellationToken);
        var at = page.Find(key);
        return at >= 0 ? page.Values[at] : null;
    }

    /// <summary>Sets a record, or removes it when the value is null.</summary>
    public async ValueTask SetAsync(byte[] key, byte[]? value, CancellationToken cancellationToken)
    {
        if (key.Length > CataloguePage.MaxKeyBytes || value?.Length > CataloguePage.MaxValueBytes)
            throw new ArgumentException(
                $"A catalogue record of {key.Length} and {value?.Length} bytes is over {CataloguePage.MaxKeyBytes} and {CataloguePage.MaxValueBytes}.",
                nameof(value));
        if (_root is null)
        {
            if (value is null) return;
            _root = new CatalogueChild(new CataloguePage(0));
            _level = 0;
        }
        var pieces = await SetAsync(_root, _level, key, value, cancellationToken);
        if (pieces.Count == 0)
        {
            _root = null;
            return;
        }
        _root = pieces[0].Child;
        while (pieces.Count > 1)
        {
            var above = new CataloguePage(++_level);
            foreach (var (first, child) in pieces)
            {
                above.Keys.Add(first);
                above.Children.Add(child);
            }
            _root = new CatalogueChild(above);
            pieces = Split(above);
            if (pieces.Count == 1) break;
            _root = pieces[0].Child;
        }
        while (_root.Page is { Level: > 0, Children.Count: 1 } only)
        {
            _root = only.Children[0];
            _level--;
        }
    }

    /// <summary>Records with keys in [from, to), in order. Do not change the tree meanwhile.</summary>
    public async IAsyncEnumerable<(byte[] Key, byte[] Value)> RangeAsync(
        byte[] from, byte[] to, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (_root is null) yield break;
        var path = new Stack<(CataloguePage Page, int At)>();
        path.Push((await LoadAsync(_root, _level, cancellationToken), -1));
        var leaves = 0;
        while (path.TryPop(out var top))
        {
            var (page, at) = top;
            if (page.Level == 0)
            {
                leaves++;
                var first = page.Find(from);
                for (var i = first >= 0 ? first : ~first; i < page.Keys.Count; i++)
                {
                    if (page.Keys[i].AsSpan().SequenceCompareTo(to) >= 0) yield break;
                    yield return (page.Keys[i], page.Values[i]);
                }
                continue;
            }
            var next = at < 0 ? page.ChildFor(from) : at + 1;
            if (next >= page.Children.Count || (next > 0 && page.Keys[next].AsSpan().SequenceCompareTo(to) >= 0)) continue;
            path.Push((page, next));
            var below = page.Children[next];
            var isKept = page.Level > 1 || leaves < KeptLeaves || below.Page is not null;
            path.Push((isKept ? await LoadAsync(below, page.Level - 1, cancellationToken) : await LoadPageAsync(segments, below.Stored!, 0, cancellationToken), -1));
        }
    }

    /// <summary>Writes changed pages, children first; the new root, or null when nothing is left.</summary>
    public PageRoot? Write(PageWriter writer)
    {
        if (_root is null) return null;
        WriteChanged(_root, writer);
        writer.Finish();
        return new PageRoot(_level, writer.Resolve(_root.Stored!));
    }

    private static void WriteChanged(CatalogueChild child, PageWriter writer)
    {
        if (child.Stored is not null) return;
        var page = child.Page!;
        foreach (var below in page.Children) WriteChanged(below, writer);
        var holder = writer.NextHolder();
        foreach (var below in page.Children) below.Stored = writer.Resolve(below.Stored!);
        var plain = page.Encode(holder);
        child.Stored = writer.Add(0, page.Level, plain, HashOf(page));
    }

    private async ValueTask<List<(byte[] First, CatalogueChild Child)>> SetAsync(
        CatalogueChild child, int level, byte[] key, byte[]? value, CancellationToken cancellationToken)
    {
        var page = await LoadAsync(child, level, cancellationToken);
        if (level == 0)
        {
            var at = page.Find(key);
            if (at < 0 && value is null) return [(page.Keys[0], child)];
            MarkChanged(child);
            if (value is null)
            {
                page.Keys.RemoveAt(at);
                page.Values.RemoveAt(at);
            }
            else if (at >= 0)
            {
                page.Values[at] = value;
            }
            else
            {
                page.Keys.Insert(~at, key);
                page.Values.Insert(~at, value);
            }
        }
        else
        {
            var at = page.ChildFor(key);
            var below = page.Children[at];
            var pieces = await SetAsync(below, level - 1, key, value, cancellationToken);
            if (below.Stored is not null && pieces.Count == 1 && pieces[0].Child == below) return [(page.Keys[0], child)];
            MarkChanged(child);
            page.Keys.RemoveAt(at);
            page.Children.RemoveAt(at);
            page.Keys.InsertRange(at, pieces.Select(piece => piece.First));
            page.Children.InsertRange(at, pieces.Select(piece => piece.Child));
        }
        return page.Keys.Count == 0 ? [] : Split(page, child);
    }

    /// <summary>The page itself, or its parts when it is too large.</summary>
    private static List<(byte[] First, CatalogueChild Child)> Split(CataloguePage page, CatalogueChild? child = null)
    {
        if (page.Bytes <= CataloguePage.SplitBytes || page.Keys.Count < 2) return [(page.Keys[0], child ?? new CatalogueChild(page))];
        var half = page.Keys.Count / 2;
        var parts = new List<(byte[], CatalogueChild)>();
        foreach (var (start, count) in new[] { (0, half), (half, page.Keys.Count - half) })
        {
            var part = new CataloguePage(page.Level);
            part.Keys.AddRange(page.Keys.GetRange(start, count));
            if (page.Level == 0) part.Values.AddRange(page.Values.GetRange(start, count));
            else part.Children.AddRange(page.Children.GetRange(start, count));
            parts.AddRange(Split(part));
        }
        return parts;
    }

    private void MarkChanged(CatalogueChild child)
    {
        if (child.Stored is not null) _replaced.Add(child.Stored);
        child.Stored = null;
    }

    private static int CountChanged(CatalogueChild child) =>
        child.Stored is not null ? 0 : 1 + child.Page!.Children.Sum(CountChanged);

    private async ValueTask<CataloguePage> LoadAsync(CatalogueChild child, int level, CancellationToken cancellationToken) =>
        child.Page ??= await LoadPageAsync(segments, child.Stored!, level, cancellationToken);

    /// <summary>Loads a page and believes it only when it has the level and hash that were asked for (I6).</summary>
    public static async Task<CataloguePage> LoadPageAsync(
        SegmentCache segments, PageReference stored, int level, CancellationToken cancellationToken)
    {
        var what = $"{stored.Segment.Identity.Kind} page {stored.Index} of {stored.Segment.Identity.BlobKey}";
        var plain = await segments.ReadPageAsync(stored.Segment, stored.Index, cancellationToken);
        var page = CataloguePage.Decode(plain, stored.Segment, level, what);
        if (HashOf(page) != stored.Hash) throw new CorruptDataException(what, "its hash is not the one its parent names: it was replaced");
        return page;
    }

    /// <summary>Keys, values and children's hashes; where children are stored does not count.</summary>
    internal static PageHash HashOf(CataloguePage page)
    {
        var canonical = new FormatWriter();
        canonical.U8((byte)page.Level);
        for (var i = 0; i < page.Keys.Count; i++)
        {
            canonical.U8((byte)page.Keys[i].Length);
            canonical.Bytes(page.Keys[i]);
            if (page.Level == 0) canonical.Counted(page.Values[i]);
            else page.Children[i].Stored!.Hash.Write(canonical);
        }
        return PageHash.Of(canonical.Written);
    }
}
