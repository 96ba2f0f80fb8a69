using System.Runtime.CompilerServices;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Catalogues;

// The accounting (docs/formats/catalogue.md, Accounting): lives of segments and dead lists. Changed through Reclaim/SpaceLedger, which
// keeps the two in step.
public sealed partial class CatalogueEdit
{
    /// <summary>What is needed of a segment of this lineage, or null when no fold has counted it or nothing is.</summary>
    public ValueTask<SegmentLife?> FindLifeAsync(SegmentIdentity segment, CancellationToken cancellationToken = default) =>
        FindLifeAsync(segment.Kind, segment.Sequence, segment.Nonce, cancellationToken);

    /// <summary>Every counted segment.</summary>
    public async IAsyncEnumerable<SegmentLife> ListLivesAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var (key, value) in Records(CatalogueKey.Life, cancellationToken))
            yield return SegmentLife.Decode(
                _lineage, (SegmentKind)key[1], CatalogueKey.NumberAt(key, 2), CatalogueKey.NonceAt(key, 10), value);
    }

    /// <summary>Every dead list, by death and birth.</summary>
    public IAsyncEnumerable<DeathRecord> ListDeathsAsync(CancellationToken cancellationToken = default) =>
        ListDeathsAsync(0, 0, cancellationToken);

    internal async ValueTask<SegmentLife?> FindLifeAsync(
        SegmentKind kind, long sequence, BlobNonce nonce, CancellationToken cancellationToken) =>
        await _tree.GetAsync(CatalogueKey.OfSegment(CatalogueKey.Life, kind, sequence, nonce), cancellationToken) is { } value
            ? SegmentLife.Decode(_lineage, kind, sequence, nonce, value)
            : null;

    internal ValueTask PutLifeAsync(SegmentLife life, CancellationToken cancellationToken) =>
        _tree.SetAsync(CatalogueKey.OfLife(life.Segment.Identity), life.Encode(), cancellationToken);

    internal ValueTask RemoveLifeAsync(SegmentIdentity segment, CancellationToken cancellationToken) =>
        _tree.SetAsync(CatalogueKey.OfLife(segment), null, cancellationToken);

    /// <summary>Adds to a dead list; true when it is a new one.</summary>
    internal async ValueTask<bool> AddDeathAsync(DeathRecord death, CancellationToken cancellationToken)
    {
        var key = CatalogueKey.OfDeath(death);
        var known = await _tree.GetAsync(key, cancellationToken);
        var (bytes, frames) = known is not null ? DeathRecord.Decode(known) : (0, 0);
        await _tree.SetAsync(key, (death with { Bytes = death.Bytes + bytes, Frames = death.Frames + frames }).Encode(), cancellationToken);
        return known is null;
    }

    internal ValueTask RemoveDeathAsync(DeathRecord death, CancellationToken cancellationToken) =>
        _tree.SetAsync(CatalogueKey.OfDeath(death), null, cancellationToken);

    /// <summary>Dead lists from a place on.</summary>
    internal async IAsyncEnumerable<DeathRecord> ListDeathsAsync(
        long death, long birth, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (key, value) in _tree.RangeAsync(CatalogueKey.OfDeath(death, birth), [CatalogueKey.Death + 1], cancellationToken))
        {
            var (bytes, frames) = DeathRecord.Decode(value);
            yield return new DeathRecord(
                CatalogueKey.NumberAt(key, 9), CatalogueKey.NumberAt(key, 1), (SegmentKind)key[17], CatalogueKey.NumberAt(key, 18),
                CatalogueKey.NonceAt(key, 26), bytes, frames);
        }
    }

    /// <summary>
    /// Dead lists of what was born after one sequence and dead by another, itself included, from a place on. Seeks past what was born
    /// before, so that the cost is what is found and the deaths in between. Do not change the catalogue meanwhile.
    /// </summary>
    internal async IAsyncEnumerable<DeathRecord> ListDeathsBetweenAsync(
        long before, long through, (long Death, long Birth) from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (death, birth) = from;
        for (var seeks = true; seeks;)
        {
            seeks = false;
            await foreach (var record in ListDeathsAsync(death, birth, cancellationToken))
            {
                if (record.Death > through) break;
                if (record.Birth > before)
                {
                    yield return record;
                    continue;
                }
                (death, birth, seeks) = (record.Death, before + 1, true);
                break;
            }
        }
    }

    /// <summary>Releases that are under way (<c>docs/formats/reclaim.md</c>, Units).</summary>
    public async IAsyncEnumerable<ReleaseRecord> ListReleasesAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var (key, value) in Records(CatalogueKey.Release, cancellationToken))
            yield return ReleaseRecord.Decode(new Hold(CatalogueKey.NumberAt(key, 1), CatalogueKey.NumberAt(key, 9)), value);
    }

    internal ValueTask PutReleaseAsync(ReleaseRecord release, CancellationToken cancellationToken) =>
        _tree.SetAsync(CatalogueKey.OfRelease(release.Hold), release.Encode(), cancellationToken);

    internal ValueTask RemoveReleaseAsync(Hold hold, CancellationToken cancellationToken) =>
        _tree.SetAsync(CatalogueKey.OfRelease(hold), null, cancellationToken);
}
