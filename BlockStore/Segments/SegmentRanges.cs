namespace Tidegate.BlockStore.Segments;

/// <summary>Sets of sectors as sorted, disjoint ranges.</summary>
internal static class SegmentRanges
{
    /// <summary>The union, in order, neighbours joined.</summary>
    public static List<SegmentRange> Union(IEnumerable<SegmentRange> ranges)
    {
        var union = new List<SegmentRange>();
        foreach (var range in ranges.OrderBy(range => range.FirstSector))
        {
            if (union.Count > 0 && range.FirstSector <= union[^1].EndSector)
            {
                var last = union[^1];
                union[^1] = new SegmentRange(last.FirstSector, Math.Max(last.EndSector, range.EndSector) - last.FirstSector);
            }
            else
            {
                union.Add(range);
            }
        }
        return union;
    }

    /// <summary>Sectors of a block, as a mask, that sorted disjoint ranges hold.</summary>
    public static ushort MaskOf(IReadOnlyList<SegmentRange> ranges, long block)
    {
        var first = block * BlockGeometry.SectorsPerBlock;
        var end = first + BlockGeometry.SectorsPerBlock;
        var mask = 0;
        for (var i = FirstEndingAfter(ranges, first); i < ranges.Count && ranges[i].FirstSector < end; i++)
        {
            var from = (int)(Math.Max(ranges[i].FirstSector, first) - first);
            var to = (int)(Math.Min(ranges[i].EndSector, end) - first);
            mask |= ((1 << to) - 1) & ~((1 << from) - 1);
        }
        return (ushort)mask;
    }

    /// <summary>Position of the first range that ends after a sector.</summary>
    public static int FirstEndingAfter(IReadOnlyList<SegmentRange> ranges, long sector)
    {
        var low = 0;
        var high = ranges.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (ranges[middle].EndSector > sector) high = middle;
            else low = middle + 1;
        }
        return low;
    }
}
