using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Catalogues;

// Sealing, and the catalogue's account of its own pages (docs/formats/catalogue.md, Own pages): the change that replaces the last page of
// a catalogue segment condemns it.
public sealed partial class CatalogueEdit
{
    private const int PagesPerSegment = 512;

    /// <summary>
    /// Writes the changed pages, packed, under the name of the head version that they are for, and condemns what the change
    /// leaves unreferenced: older catalogue segments and the head manifests before. Ends the edit: open another for the next change.
    /// A head whose catalogue changed is saved with a new manifest.
    /// </summary>
    /// <param name="sealer">Seals for the lineage.</param>
    /// <param name="version">Version of the head that will name the catalogue.</param>
    /// <param name="now">Service's clock.</param>
    /// <param name="cancellationToken">Ends the reading of pages.</param>
    public async Task<CatalogueUpdate> SealAsync(
        LineageSealer sealer, long version, DateTimeOffset now, CancellationToken cancellationToken = default)
    {
        if (_isSealed) throw new InvalidOperationException("This edit is sealed; open the catalogue again at its new root.");
        _isSealed = true;
        if (_tree.ChangedPages == 0 && _tree.Replaced.Count == 0) return new CatalogueUpdate(_basedOn, _basedOn, []);
        foreach (var manifest in _manifests) await CondemnAsync(manifest.BlobKey, now, version, cancellationToken);
        var written = await CountPagesAsync(sealer, version, now, cancellationToken);
        using var writer = PageWriter.OfPlan(sealer, written);
        var root = _tree.Write(writer);
        var blobs = new List<BlobEffect>();
        while (writer.TryTakeBlob(out var blob)) blobs.Add(blob!);
        return new CatalogueUpdate(_basedOn, root, blobs) { SealedAt = now, CondemnedManifests = _manifests, ManifestNonce = sealer.NewIdentity(SegmentKind.Head, version).Nonce };
    }

    /// <summary>Condemns a blob that nothing refers to from this change on. Later changes never refer to it again.</summary>
    public ValueTask CondemnAsync(string blobKey, DateTimeOffset now, long version, CancellationToken cancellationToken = default) =>
        PutTombstoneAsync(new Tombstone(blobKey, now, version), cancellationToken);

    /// <summary>Segments that hold the catalogue's own pages, and how many of each it still has.</summary>
    public async IAsyncEnumerable<(SegmentIdentity Segment, int Pages)> ListPageSegmentsAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var (key, value) in Records(CatalogueKey.Pages, cancellationToken))
        {
            var (generation, pages) = DecodePages(value);
            yield return (
                new SegmentIdentity(
                    SegmentKind.Catalogue, _lineage, generation, 0, CatalogueKey.NumberAt(key, 1), CatalogueKey.NonceAt(key, 9)),
                pages);
        }
    }

    // Each record that is changed here may replace a page more, whose segment's record then changes: until nothing new is replaced. The new
    // segments are counted last, in records that are there already, so that counting them changes no page's size.
    private async Task<List<(SegmentIdentity Segment, int Pages)>> CountPagesAsync(
        LineageSealer sealer, long version, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var written = new List<(SegmentIdentity Segment, int Pages)>();
        var counted = 0;
        do
        {
            while (counted < _tree.Replaced.Count)
            {
                var replaced = _tree.Replaced.Skip(counted).GroupBy(page => page.Segment.Identity).Select(group => (group.Key, group.Count())).ToArray();
                counted = _tree.Replaced.Count;
                foreach (var (segment, pages) in replaced) await DropPagesAsync(segment, pages, now, version, cancellationToken);
            }
            while (written.Count * PagesPerSegment < _tree.ChangedPages)
            {
                var segment = sealer.NewIdentity(SegmentKind.Catalogue, version);
                written.Add((segment, 0));
                await PutPagesAsync(segment, 0, cancellationToken);
            }
        }
        while (counted < _tree.Replaced.Count);
        var left = _tree.ChangedPages;
        for (var i = 0; i < written.Count; i++)
        {
            written[i] = written[i] with { Pages = Math.Min(left, PagesPerSegment) };
            left -= written[i].Pages;
            await PutPagesAsync(written[i].Segment, written[i].Pages, cancellationToken);
        }
        return written;
    }

    private async ValueTask DropPagesAsync(
        SegmentIdentity segment, int pages, DateTimeOffset now, long version, CancellationToken cancellationToken)
    {
        var what = $"The catalogue of {_lineage}";
        var value = await _tree.GetAsync(CatalogueKey.OfPages(segment), cancellationToken)
            ?? throw new CorruptDataException(what, $"it does not count its own segment {segment.BlobKey}");
        var left = DecodePages(value).Pages - pages;
        if (left < 0) throw new CorruptDataException(what, $"{pages} pages of {segment.BlobKey} are replaced, more than it counts");
        if (left > 0)
        {
            await PutPagesAsync(segment, left, cancellationToken);
            return;
        }
        await _tree.SetAsync(CatalogueKey.OfPages(segment), null, cancellationToken);
        await CondemnAsync(segment.BlobKey, now, version, cancellationToken);
    }

    private ValueTask PutPagesAsync(SegmentIdentity segment, int pages, CancellationToken cancellationToken)
    {
        var value = new byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(value, segment.Generation);
        BinaryPrimitives.WriteInt32LittleEndian(value.AsSpan(4), pages);
        return _tree.SetAsync(CatalogueKey.OfPages(segment), value, cancellationToken);
    }

    private static (int Generation, int Pages) DecodePages(ReadOnlySpan<byte> bytes)
    {
        var reader = new FormatReader(bytes, "Catalogue record of its own pages");
        var value = (reader.I32("generation", 1, int.MaxValue), reader.I32("page count", 0, int.MaxValue));
        reader.End();
        return value;
    }
}
