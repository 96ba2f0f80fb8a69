using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Folding;

/// <summary>One tail segment, seen through the part of its frames that lies under one node of the map.</summary>
internal readonly record struct FoldSource(SegmentReader Reader, int From, int To)
{
    public long Sequence => Reader.Index.Header.Identity.Sequence;

    public bool IsFill => Reader.Reference.Identity.Kind == SegmentKind.Fill;

    public bool HasFrames => From < To;

    /// <summary>Stored bytes of the frames in this part.</summary>
    public long StoredBytes
    {
        get
        {
            long bytes = 0;
            for (var i = From; i < To; i++) bytes += Reader.Index.Entries[i].StoredBytes;
            return bytes;
        }
    }

    /// <summary>The part under blocks [first, end), or null when neither frames nor ranges touch it.</summary>
    public FoldSource? Narrow(long firstBlock, long endBlock)
    {
        var from = LowerBound(firstBlock);
        var to = LowerBound(endBlock);
        return from < to || TouchesByRange(firstBlock, endBlock) ? new FoldSource(Reader, from, to) : null;
    }

    public bool TouchesByRange(long firstBlock, long endBlock)
    {
        var ranges = Reader.Index.Ranges;
        var at = SegmentRanges.FirstEndingAfter(ranges, firstBlock * BlockGeometry.SectorsPerBlock);
        return at < ranges.Count && ranges[at].FirstSector < endBlock * BlockGeometry.SectorsPerBlock;
    }

    /// <summary>True when one range covers every sector in [first, end).</summary>
    public bool Covers(long firstSector, long endSector)
    {
        var ranges = Reader.Index.Ranges;
        var at = SegmentRanges.FirstEndingAfter(ranges, firstSector);
        return at < ranges.Count && ranges[at].FirstSector <= firstSector && ranges[at].EndSector >= endSector;
    }

    /// <summary>First frame at or after a block, within this part.</summary>
    public int LowerBound(long block)
    {
        var low = From;
        var high = To;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Reader.Index.Entries[middle].Block >= block) high = middle;
            else low = middle + 1;
        }
        return low;
    }
}
