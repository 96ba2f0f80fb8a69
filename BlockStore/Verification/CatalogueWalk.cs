using System.Runtime.CompilerServices;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Verification;

/// <summary>Every record of a catalogue, in order, going on past pages that are damaged: those are reported and left out.</summary>
internal static class CatalogueWalk
{
    public static async IAsyncEnumerable<(byte[] Key, byte[] Value)> RecordsAsync(
        SegmentCache segments, PageRoot? root, Action<PageReference> reached, Action<PageReference, Exception> damaged,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (root is null) yield break;
        var path = new Stack<(PageReference Page, int Level)>();
        path.Push((root.Page, root.Level));
        while (path.TryPop(out var top))
        {
            CataloguePage page;
            try
            {
                page = await LoadAsync(segments, top.Page, top.Level, cancellationToken);
            }
            catch (Exception damage) when (damage is CorruptDataException or BlobNotFoundException or MissingKeyException)
            {
                damaged(top.Page, damage);
                continue;
            }
            reached(top.Page);
            for (var i = page.Children.Count - 1; i >= 0; i--) path.Push((page.Children[i].Stored!, top.Level - 1));
            for (var i = 0; i < page.Values.Count; i++) yield return (page.Keys[i], page.Values[i]);
        }
    }

    private static async Task<CataloguePage> LoadAsync(SegmentCache segments, PageReference stored, int level, CancellationToken cancellationToken)
    {
        var what = $"Catalogue page {stored.Index} of {stored.Segment.Identity.BlobKey}";
        var page = CataloguePage.Decode(await segments.ReadPageAsync(stored.Segment, stored.Index, cancellationToken), stored.Segment, level, what);
        return CatalogueTree.HashOf(page) == stored.Hash
            ? page
            : throw new CorruptDataException(what, "its hash is not the one its parent names: it was replaced");
    }
}
