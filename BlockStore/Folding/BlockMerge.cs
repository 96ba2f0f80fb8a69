using System.Numerics;
using Tidegate.BlockStore.Maps;

namespace Tidegate.BlockStore.Folding;

/// <summary>The frames of one block that are to become one: which, and the fragments that live in them.</summary>
internal sealed class BlockMerge
{
    /// <summary>Merging fewer would be done again before long, unless it reaches the target.</summary>
    private const int MinFrames = 4;

    private BlockMerge(int slot, IReadOnlyList<MapFragment[]> frames)
    {
        Slot = slot;
        Frames = frames;
        Mask = (ushort)frames.SelectMany(fragments => fragments).Aggregate(0, (mask, fragment) => mask | fragment.Mask);
        Cost = Math.Min(
            BitOperations.PopCount((uint)Mask) * BlockGeometry.SectorBytes, frames.Sum(fragments => (long)fragments[0].StoredBytes));
    }

    /// <summary>The block, as a slot of its leaf.</summary>
    public int Slot { get; }

    /// <summary>The fragments that live in each frame.</summary>
    public IReadOnlyList<MapFragment[]> Frames { get; }

    /// <summary>Sectors that live.</summary>
    public ushort Mask { get; }

    /// <summary>At most this is stored for it, about.</summary>
    public long Cost { get; }

    /// <summary>What a frame less costs: the cheaper go first.</summary>
    public double CostOfFrame => Cost / (Frames.Count - 1.0);

    /// <summary>Frames that a reader of a block has to fetch.</summary>
    public static int FramesOf(IReadOnlyList<MapFragment> block) =>
        block.Count < 2 ? block.Count : block.Select(fragment => fragment.Frame).Distinct().Count();

    /// <summary>
    /// What to merge of a block: as many of its smallest frames as bring it to the target. Null when it has few enough, or when too many of them
    /// are an origin's or younger than <paramref name="cut"/>.
    /// </summary>
    public static BlockMerge? Plan(int slot, IReadOnlyList<MapFragment> block, FoldAccounts accounts, long cut, MergeOptions options)
    {
        if (block.Count <= options.TargetFrames) return null;
        var frames = block.GroupBy(fragment => fragment.Frame).Select(fragments => fragments.ToArray()).ToArray();
        var surplus = frames.Length - options.TargetFrames + 1;
        if (surplus < 2) return null;
        // A frame of the cut's own segment is replayed by the points around it, and would die where it was born.
        var chosen = frames.Where(fragments => accounts.IsOwn(fragments[0].Segment) && fragments[0].FrameBirth < cut)
            .OrderBy(fragments => fragments.Sum(fragment => BitOperations.PopCount((uint)fragment.Mask))).Take(surplus).ToArray();
        return chosen.Length < Math.Min(surplus, MinFrames) ? null : new BlockMerge(slot, chosen);
    }
}
