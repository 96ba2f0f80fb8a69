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
    }

    /// <summary>The block, as a slot of its leaf.</summary>
    public int Slot { get; }

    /// <summary>The fragments that live in each frame.</summary>
    public IReadOnlyList<MapFragment[]> Frames { get; }

    /// <summary>Sectors that live.</summary>
    public ushort Mask => (ushort)Frames.SelectMany(fragments => fragments).Aggregate(0, (mask, fragment) => mask | fragment.Mask);

    /// <summary>At most this is stored for it, about.</summary>
    public long Cost => Math.Min(
        BitOperations.PopCount((uint)Mask) * BlockGeometry.SectorBytes, Frames.Sum(fragments => (long)fragments[0].StoredBytes));

    /// <summary>True when the block has more frames than are suffered.</summary>
    public bool IsCrowded { get; private init; }

    /// <summary>
    /// What to merge of a block: as many of its smallest frames as bring it to the target. Null when it has few enough, when too many of them are an
    /// origin's or younger than <paramref name="cut"/>, or when it is not crowded and some were merged before.
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
        var isCrowded = frames.Length > options.MaxFrames;
        if (chosen.Length < Math.Min(surplus, MinFrames)) return null;
        return isCrowded || !Array.Exists(chosen, fragments => fragments[0].IsMerged) ? new BlockMerge(slot, chosen) { IsCrowded = isCrowded } : null;
    }
}
