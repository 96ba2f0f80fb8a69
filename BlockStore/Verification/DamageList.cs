namespace Tidegate.BlockStore.Verification;

/// <summary>Collects damages, bounded; safe for parallel use.</summary>
internal sealed class DamageList(int most)
{
    private readonly Lock _lock = new();
    private readonly List<StoreDamage> _named = [];

    public long Count { get; private set; }

    public void Add(StoreDamage damage)
    {
        lock (_lock)
        {
            Count++;
            if (_named.Count < most) _named.Add(damage);
        }
    }

    /// <summary>The blobs that are damaged.</summary>
    public IReadOnlyCollection<string> Blobs
    {
        get
        {
            lock (_lock) return [.. _named.Select(damage => damage.BlobKey).Distinct(StringComparer.Ordinal)];
        }
    }

    public IReadOnlyList<StoreDamage> ToSorted()
    {
        lock (_lock)
        {
            return [.. _named.OrderBy(damage => damage.BlobKey, StringComparer.Ordinal).ThenBy(damage => damage.Index ?? -1)];
        }
    }
}
