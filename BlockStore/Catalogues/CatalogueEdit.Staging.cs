using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Catalogues;

// What a staging branch keeps besides its map (docs/formats/staging.md): sectors that its log made zero, and what will die in the main
// image when it is published.
public sealed partial class CatalogueEdit
{
    /// <summary>Ranges of a branch that meet sectors [first, end), in order; the first and last may reach beyond.</summary>
    internal async Task<IReadOnlyList<SegmentRange>> FindStagedZeroesAsync(
        long branch, long firstSector, long endSector, CancellationToken cancellationToken)
    {
        var found = new List<SegmentRange>();
        await foreach (var (key, value) in _tree.RangeAsync(
            CatalogueKey.OfStagedZero(branch, firstSector + 1), CatalogueKey.OfStagedZero(branch, long.MaxValue), cancellationToken))
        {
            var range = ZeroOf(key, value);
            if (range.FirstSector >= endSector) break;
            found.Add(range);
        }
        return found;
    }

    /// <summary>Adds a range to those of a branch, joined with what it overlaps or touches.</summary>
    internal async Task AddStagedZeroAsync(long branch, SegmentRange range, CancellationToken cancellationToken)
    {
        var met = await FindStagedZeroesAsync(branch, Math.Max(range.FirstSector - 1, 0), range.EndSector + 1, cancellationToken);
        foreach (var known in met) await _tree.SetAsync(CatalogueKey.OfStagedZero(branch, known.EndSector), null, cancellationToken);
        var joined = SegmentRanges.Union([.. met, range])[0];
        var value = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(value, joined.SectorCount);
        await _tree.SetAsync(CatalogueKey.OfStagedZero(branch, joined.EndSector), value, cancellationToken);
    }

    /// <summary>Removes ranges of branches other than the one given, at most some; how many.</summary>
    internal async Task<int> RemoveStaleZeroesAsync(long? branch, int most, CancellationToken cancellationToken)
    {
        var stale = new List<byte[]>();
        await foreach (var (key, _) in Records(CatalogueKey.StagedZero, cancellationToken))
        {
            if (stale.Count == most) break;
            if (CatalogueKey.NumberAt(key, 1) != branch) stale.Add(key);
            else break;
        }
        foreach (var key in stale) await _tree.SetAsync(key, null, cancellationToken);
        return stale.Count;
    }

    /// <summary>What will die in the main image when the branch is published; deaths are not known yet and 0.</summary>
    internal async IAsyncEnumerable<DeathRecord> ListStagedDeathsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (key, value) in Records(CatalogueKey.StagedDeath, cancellationToken))
        {
            var (bytes, frames) = DeathRecord.Decode(value);
            yield return new DeathRecord(
                CatalogueKey.NumberAt(key, 1), 0, (SegmentKind)key[9], CatalogueKey.NumberAt(key, 10), CatalogueKey.NonceAt(key, 18), bytes, frames);
        }
    }

    /// <summary>Adds to what will die.</summary>
    internal async ValueTask AddStagedDeathAsync(DeathRecord death, CancellationToken cancellationToken)
    {
        var key = CatalogueKey.OfStagedDeath(death);
        var (bytes, frames) = await _tree.GetAsync(key, cancellationToken) is { } known ? DeathRecord.Decode(known) : (0, 0);
        await _tree.SetAsync(key, (death with { Bytes = death.Bytes + bytes, Frames = death.Frames + frames }).Encode(), cancellationToken);
    }

    /// <summary>Takes the whole list away and returns it.</summary>
    internal async Task<IReadOnlyList<DeathRecord>> TakeStagedDeathsAsync(CancellationToken cancellationToken)
    {
        var taken = await ListStagedDeathsAsync(cancellationToken).ToListAsync(cancellationToken);
        foreach (var death in taken) await _tree.SetAsync(CatalogueKey.OfStagedDeath(death), null, cancellationToken);
        return taken;
    }

    /// <summary>Segments of one kind that are counted, from a sequence on.</summary>
    internal async IAsyncEnumerable<SegmentLife> ListLivesAsync(
        SegmentKind kind, long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (key, value) in _tree.RangeAsync(
            CatalogueKey.OfSegment(CatalogueKey.Life, kind, from, default), [CatalogueKey.Life, (byte)(kind + 1)], cancellationToken))
            yield return SegmentLife.Decode(_lineage, kind, CatalogueKey.NumberAt(key, 2), CatalogueKey.NonceAt(key, 10), value);
    }

    private static SegmentRange ZeroOf(byte[] key, byte[] value)
    {
        var end = CatalogueKey.NumberAt(key, 9);
        var count = value.Length == 8 ? BinaryPrimitives.ReadInt64LittleEndian(value) : 0;
        return count > 0 && count <= end
            ? new SegmentRange(end - count, count)
            : throw new Formats.CorruptDataException("Catalogue record of a staged zero", $"{count} sectors do not end at {end}");
    }
}
