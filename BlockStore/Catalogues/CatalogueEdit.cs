using System.Runtime.CompilerServices;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Catalogues;

/// <summary>
/// A volume's catalogue, open for reading and for one change (<c>docs/formats/catalogue.md</c>): snapshots, cuts, pins, tombstones, the
/// recovery window, and the exact accounting of live and dead bytes. Loads and rewrites only the pages that it touches. Changes
/// exist once <see cref="SealAsync"/>'s root is saved in the head. For one user at a time.
/// </summary>
public sealed partial class CatalogueEdit
{
    private readonly LineageId _lineage;
    private readonly PageRoot? _basedOn;
    private readonly SegmentIdentity[] _manifests = [];
    private readonly CatalogueTree _tree;
    private bool _isSealed;

    /// <summary>Opens the catalogue that a head names.</summary>
    public CatalogueEdit(VolumeHead head, SegmentCache segments)
        : this(head.Lineage, head.Catalogue, segments) =>
        _manifests = head.Manifest is null ? [] : [.. head.OldManifests, head.Manifest];

    /// <summary>Opens the catalogue of a lineage at a root, for reading; null is an empty catalogue.</summary>
    public CatalogueEdit(LineageId lineage, PageRoot? root, SegmentCache segments)
    {
        _lineage = lineage;
        _basedOn = root;
        _tree = new CatalogueTree(segments, root);
    }

    /// <summary>A snapshot, or null.</summary>
    public async ValueTask<SnapshotRecord?> FindSnapshotAsync(string snapshotId, CancellationToken cancellationToken = default) =>
        await _tree.GetAsync(CatalogueKey.Of(CatalogueKey.Snapshot, snapshotId), cancellationToken) is { } value
            ? SnapshotRecord.Decode(snapshotId, value)
            : null;

    /// <summary>
    /// Adds a snapshot and its cut, or replaces the image of one at the same sequence by an equal one. A snapshot keeps the cut that it got
    /// first (I4): false, and nothing changes, when the id exists at another sequence.
    /// </summary>
    public async ValueTask<bool> PutSnapshotAsync(SnapshotRecord snapshot, CancellationToken cancellationToken = default)
    {
        if (await FindSnapshotAsync(snapshot.SnapshotId, cancellationToken) is { } existing && existing.Sequence != snapshot.Sequence)
            return false;
        await _tree.SetAsync(CatalogueKey.Of(CatalogueKey.Snapshot, snapshot.SnapshotId), snapshot.Encode(), cancellationToken);
        await _tree.SetAsync(CatalogueKey.OfCut(snapshot.Sequence, snapshot.SnapshotId), [], cancellationToken);
        return true;
    }

    /// <summary>Removes a snapshot and its cut; false when it is not there. What only it held is freed in the same change.</summary>
    internal async ValueTask<bool> RemoveSnapshotAsync(string snapshotId, CancellationToken cancellationToken = default)
    {
        if (await FindSnapshotAsync(snapshotId, cancellationToken) is not { } snapshot) return false;
        await _tree.SetAsync(CatalogueKey.Of(CatalogueKey.Snapshot, snapshotId), null, cancellationToken);
        await _tree.SetAsync(CatalogueKey.OfCut(snapshot.Sequence, snapshotId), null, cancellationToken);
        return true;
    }

    /// <summary>Every snapshot, by id.</summary>
    public IAsyncEnumerable<SnapshotRecord> ListSnapshotsAsync(CancellationToken cancellationToken = default) =>
        ListSnapshotsAsync("", cancellationToken);

    /// <summary>Every snapshot whose id begins as given, by id.</summary>
    public IAsyncEnumerable<SnapshotRecord> ListSnapshotsAsync(string prefix, CancellationToken cancellationToken = default) =>
        ListSnapshotsAsync(prefix, prefix, cancellationToken);

    /// <summary>Every snapshot whose id begins with <paramref name="prefix"/> and is not before <paramref name="from"/>, by id.</summary>
    public async IAsyncEnumerable<SnapshotRecord> ListSnapshotsAsync(
        string prefix, string from, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var (key, value) in _tree.RangeAsync(CatalogueKey.Of(CatalogueKey.Snapshot, from), [CatalogueKey.Snapshot + 1], cancellationToken))
        {
            var id = CatalogueKey.TextOf(key);
            if (!id.StartsWith(prefix, StringComparison.Ordinal)) yield break;
            yield return SnapshotRecord.Decode(id, value);
        }
    }

    /// <summary>
    /// Retained cuts with sequences in [<paramref name="from"/>, <paramref name="through"/>], oldest first; a sequence appears once
    /// for each snapshot.
    /// </summary>
    public async Task<IReadOnlyList<(long Sequence, string SnapshotId)>> ListCutsAsync(
        long from, long through, CancellationToken cancellationToken = default)
    {
        var cuts = new List<(long, string)>();
        await foreach (var (key, _) in _tree.RangeAsync(
            CatalogueKey.OfCut(from), through == long.MaxValue ? [CatalogueKey.Cut + 1] : CatalogueKey.OfCut(through + 1),
            cancellationToken))
            cuts.Add((CatalogueKey.NumberAt(key, 1), System.Text.Encoding.ASCII.GetString(key.AsSpan(9))));
        return cuts;
    }

    /// <summary>A clone's pin, or null.</summary>
    public async ValueTask<PinRecord?> FindPinAsync(string cloneVolumeId, CancellationToken cancellationToken = default) =>
        await _tree.GetAsync(CatalogueKey.Of(CatalogueKey.Pin, cloneVolumeId), cancellationToken) is { } value
            ? PinRecord.Decode(cloneVolumeId, value)
            : null;

    /// <summary>Adds or replaces a pin.</summary>
    public ValueTask PutPinAsync(PinRecord pin, CancellationToken cancellationToken = default) =>
        _tree.SetAsync(CatalogueKey.Of(CatalogueKey.Pin, pin.CloneVolumeId), pin.Encode(), cancellationToken);

    /// <summary>Releases a pin. What only it held is freed in the same change.</summary>
    internal ValueTask RemovePinAsync(string cloneVolumeId, CancellationToken cancellationToken = default) =>
        _tree.SetAsync(CatalogueKey.Of(CatalogueKey.Pin, cloneVolumeId), null, cancellationToken);

    /// <summary>Every pin, by clone.</summary>
    public async IAsyncEnumerable<PinRecord> ListPinsAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var (key, value) in Records(CatalogueKey.Pin, cancellationToken)) yield return PinRecord.Decode(CatalogueKey.TextOf(key), value);
    }

    /// <summary>The recovery window, or null when none was set.</summary>
    public async ValueTask<RecoveryWindow?> GetWindowAsync(CancellationToken cancellationToken = default) =>
        await _tree.GetAsync(CatalogueKey.Of(CatalogueKey.Window), cancellationToken) is { } value ? RecoveryWindow.Decode(value) : null;

    /// <summary>Sets the recovery window.</summary>
    public ValueTask SetWindowAsync(RecoveryWindow window, CancellationToken cancellationToken = default) =>
        _tree.SetAsync(CatalogueKey.Of(CatalogueKey.Window), window.Encode(), cancellationToken);

    /// <summary>Adds a tombstone.</summary>
    public ValueTask PutTombstoneAsync(Tombstone tombstone, CancellationToken cancellationToken = default) =>
        _tree.SetAsync(CatalogueKey.OfTombstone(tombstone), tombstone.Encode(), cancellationToken);

    /// <summary>Removes a tombstone once its blob is deleted.</summary>
    public ValueTask RemoveTombstoneAsync(Tombstone tombstone, CancellationToken cancellationToken = default) =>
        _tree.SetAsync(CatalogueKey.OfTombstone(tombstone), null, cancellationToken);

    /// <summary>Tombstones, oldest first: every one, or those after <paramref name="after"/>.</summary>
    public async IAsyncEnumerable<Tombstone> ListTombstonesAsync(
        Tombstone? after = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        // The first key after another is that key and a zero.
        byte[] from = after is null ? [CatalogueKey.Tombstone] : [.. CatalogueKey.OfTombstone(after), 0];
        await foreach (var (key, value) in _tree.RangeAsync(from, [CatalogueKey.Tombstone + 1], cancellationToken))
            yield return Tombstone.Decode(CatalogueKey.TimeAt(key, 1, $"The catalogue of {_lineage}"), CatalogueKey.TextOf(key, 9), value);
    }

    /// <summary>True when the catalogue still has pages in one of its segments.</summary>
    internal async ValueTask<bool> HasPagesInAsync(SegmentIdentity segment, CancellationToken cancellationToken) =>
        await _tree.GetAsync(CatalogueKey.OfPages(segment), cancellationToken) is not null;

    /// <summary>Adds a subtree that a discard dropped.</summary>
    public ValueTask PutSubtreeAsync(DeadSubtree subtree, CancellationToken cancellationToken = default) =>
        _tree.SetAsync(CatalogueKey.OfSubtree(subtree), subtree.Encode(), cancellationToken);

    /// <summary>Removes a subtree that was looked into.</summary>
    public ValueTask RemoveSubtreeAsync(DeadSubtree subtree, CancellationToken cancellationToken = default) =>
        _tree.SetAsync(CatalogueKey.OfSubtree(subtree), null, cancellationToken);

    /// <summary>Subtrees that wait to be expanded.</summary>
    public async IAsyncEnumerable<DeadSubtree> ListSubtreesAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var (key, value) in Records(CatalogueKey.Subtree, cancellationToken))
            yield return new DeadSubtree(
                CatalogueKey.NumberAt(key, 1), key[9], CatalogueKey.NumberAt(key, 10), DeadSubtree.DecodePage(value));
    }

    private IAsyncEnumerable<(byte[] Key, byte[] Value)> Records(byte kind, CancellationToken cancellationToken) =>
        _tree.RangeAsync([kind], [(byte)(kind + 1)], cancellationToken);
}
