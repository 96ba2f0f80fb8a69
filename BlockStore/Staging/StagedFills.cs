using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Staging;

/// <summary>
/// What fills must spare (<c>docs/formats/staging.md</c>, What a staged image is): sectors that the branch's log wrote, told by the
/// map's own fragments, and those that it made zero, told by the catalogue.
/// </summary>
internal sealed class StagedFills(VolumeHead head, StagingBranch staging, CatalogueEdit catalogue)
{
    /// <summary>What all that is staged counts as born in.</summary>
    public long Birth { get; } = head.CommittedSequence + 1;

    /// <summary>Zeroes under a leaf; none are read when no fill touches it.</summary>
    public async Task<IReadOnlyList<SegmentRange>> LoadZeroesAsync(
        long firstBlock, long endBlock, FoldSource[] sources, CancellationToken cancellationToken) =>
        sources.Any(source => source.IsFill)
            ? await catalogue.FindStagedZeroesAsync(
                staging.FirstEpoch, firstBlock * BlockGeometry.SectorsPerBlock, endBlock * BlockGeometry.SectorsPerBlock, cancellationToken)
            : [];

    /// <summary>Sectors of a block that the log touched.</summary>
    public ushort TouchedMask(long block, IReadOnlyList<SegmentRange> zeroes, FragmentList fragments)
    {
        var mask = SegmentRanges.MaskOf(zeroes, block);
        foreach (var fragment in fragments.Fragments)
        {
            var segment = fragment.Segment.Identity;
            if (segment.Kind == SegmentKind.Data && segment.Owner == head.Lineage && segment.Sequence > staging.FirstSequence) mask |= fragment.Mask;
        }
        return mask;
    }
}
