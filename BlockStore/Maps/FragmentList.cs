using System.Numerics;

namespace Tidegate.BlockStore.Maps;

/// <summary>
/// The live fragments of one block: disjoint masks, in the order of their lowest sector, which is the order that page hashes
/// count on.
/// </summary>
internal sealed class FragmentList
{
    private readonly List<MapFragment> _fragments = new(1);

    public FragmentList()
    {
    }

    public FragmentList(IEnumerable<MapFragment> fragments) => _fragments.AddRange(fragments);

    public IReadOnlyList<MapFragment> Fragments => _fragments;

    /// <summary>Sectors that some fragment holds.</summary>
    public ushort Mask
    {
        get
        {
            ushort mask = 0;
            foreach (var fragment in _fragments) mask |= fragment.Mask;
            return mask;
        }
    }

    /// <summary>Takes sectors away from whatever holds them; reports each frame that lost its last one, by the fragment that had it.</summary>
    public void Cover(ushort mask, Action<MapFragment>? died)
    {
        for (var i = _fragments.Count - 1; i >= 0; i--)
        {
            var fragment = _fragments[i];
            if ((fragment.Mask & mask) == 0) continue;
            var left = (ushort)(fragment.Mask & ~mask);
            if (left == 0)
            {
                _fragments.RemoveAt(i);
                // Merged frames alone are named by more than one fragment.
                if (!fragment.IsMerged || !_fragments.Exists(other => other.Frame == fragment.Frame)) died?.Invoke(fragment);
            }
            else
            {
                _fragments[i] = fragment with { Mask = left };
            }
        }
    }

    /// <summary>Adds a fragment whose sectors nothing holds.</summary>
    public void Add(MapFragment fragment) => _fragments.Add(fragment);

    /// <summary>The fragments in canonical order.</summary>
    public MapFragment[] ToCanonical() => [.. _fragments.OrderBy(fragment => BitOperations.TrailingZeroCount(fragment.Mask))];
}
