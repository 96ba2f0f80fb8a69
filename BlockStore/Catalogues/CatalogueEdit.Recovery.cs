using System.Runtime.CompilerServices;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Catalogues;

// The recovery window (docs/formats/catalogue.md, Recovery window): the bases and segments from which each of its points is read; and
// the leases of readers.
public sealed partial class CatalogueEdit
{
    /// <summary>Every base of the recovery window, oldest first.</summary>
    public IAsyncEnumerable<BaseRecord> ListBasesAsync(CancellationToken cancellationToken = default) => ListBasesAsync(0, cancellationToken);

    /// <summary>The bases at or after a sequence, oldest first.</summary>
    public async IAsyncEnumerable<BaseRecord> ListBasesAsync(long from, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var (key, value) in _tree.RangeAsync(
            CatalogueKey.OfSequence(CatalogueKey.Base, from), [CatalogueKey.Base + 1], cancellationToken))
            yield return DecodeBase(CatalogueKey.NumberAt(key, 1), value);
    }

    /// <summary>Segments after the oldest base that folds have taken in, oldest first: each is the end of a recovery point.</summary>
    public async IAsyncEnumerable<TailEntry> ListPointsAsync(
        long after = 0, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var (_, value) in _tree.RangeAsync(
            CatalogueKey.OfSequence(CatalogueKey.Point, after + 1), [CatalogueKey.Point + 1], cancellationToken))
            yield return DecodePoint(value);
    }

    /// <summary>Every lease.</summary>
    public async IAsyncEnumerable<LeaseRecord> ListLeasesAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var (key, value) in Records(CatalogueKey.Lease, cancellationToken))
            yield return LeaseRecord.Decode(CatalogueKey.TextOf(key), value);
    }

    /// <summary>A lease, or null.</summary>
    public async ValueTask<LeaseRecord?> FindLeaseAsync(string leaseId, CancellationToken cancellationToken = default) =>
        await _tree.GetAsync(CatalogueKey.Of(CatalogueKey.Lease, leaseId), cancellationToken) is { } value
            ? LeaseRecord.Decode(leaseId, value)
            : null;

    /// <summary>Adds or renews a lease.</summary>
    public ValueTask PutLeaseAsync(LeaseRecord lease, CancellationToken cancellationToken = default) =>
        _tree.SetAsync(CatalogueKey.Of(CatalogueKey.Lease, lease.LeaseId), lease.Encode(), cancellationToken);

    internal ValueTask RemoveLeaseAsync(string leaseId, CancellationToken cancellationToken) =>
        _tree.SetAsync(CatalogueKey.Of(CatalogueKey.Lease, leaseId), null, cancellationToken);

    internal ValueTask PutBaseAsync(BaseRecord record, CancellationToken cancellationToken)
    {
        var owners = new OwnerTable();
        var body = new FormatWriter();
        body.I64(record.SizeBytes);
        PageRoot.WriteOptional(body, owners, record.Root);
        return _tree.SetAsync(CatalogueKey.OfSequence(CatalogueKey.Base, record.Sequence), WithOwners(owners, body), cancellationToken);
    }

    internal ValueTask RemoveBaseAsync(long sequence, CancellationToken cancellationToken) =>
        _tree.SetAsync(CatalogueKey.OfSequence(CatalogueKey.Base, sequence), null, cancellationToken);

    internal ValueTask PutPointAsync(TailEntry entry, CancellationToken cancellationToken)
    {
        var owners = new OwnerTable();
        var body = new FormatWriter();
        entry.Write(body, owners);
        return _tree.SetAsync(
            CatalogueKey.OfSequence(CatalogueKey.Point, entry.Segment.Identity.Sequence), WithOwners(owners, body), cancellationToken);
    }

    internal ValueTask RemovePointAsync(long sequence, CancellationToken cancellationToken) =>
        _tree.SetAsync(CatalogueKey.OfSequence(CatalogueKey.Point, sequence), null, cancellationToken);

    /// <summary>The end of a recovery point that folds have taken in, or null.</summary>
    internal async ValueTask<TailEntry?> FindPointAsync(long sequence, CancellationToken cancellationToken) =>
        await _tree.GetAsync(CatalogueKey.OfSequence(CatalogueKey.Point, sequence), cancellationToken) is { } value ? DecodePoint(value) : null;

    internal ValueTask RemoveWindowAsync(CancellationToken cancellationToken) =>
        _tree.SetAsync(CatalogueKey.Of(CatalogueKey.Window), null, cancellationToken);

    private static byte[] WithOwners(OwnerTable owners, FormatWriter body)
    {
        var writer = new FormatWriter();
        owners.Write(writer);
        writer.Bytes(body.Written);
        return writer.ToArray();
    }

    private static BaseRecord DecodeBase(long sequence, ReadOnlySpan<byte> bytes)
    {
        var reader = new FormatReader(bytes, "Catalogue record of a base");
        var owners = OwnerTable.Read(ref reader);
        var size = reader.I64("base size", 0, BlockGeometry.MaxVolumeBytes);
        var root = PageRoot.ReadOptional(ref reader, owners, SegmentKind.Map, MapGeometry.MaxLevel);
        reader.End();
        return new BaseRecord(sequence, size, root);
    }

    private static TailEntry DecodePoint(ReadOnlySpan<byte> bytes)
    {
        var reader = new FormatReader(bytes, "Catalogue record of a recovery point");
        var owners = OwnerTable.Read(ref reader);
        var entry = TailEntry.Read(ref reader, owners);
        reader.End();
        return entry;
    }
}
