namespace Tidegate.Grains.Waking;

/// <summary>
/// Which grains of a shard are to be asked and when. In memory; only the set of grains is saved (<see cref="WakeList"/>),
/// since after a restart all of them are asked anyway. Knows no clock.
/// </summary>
internal sealed class WakeAgenda
{
    private readonly Dictionary<GrainId, Entry> _entries = [];

    /// <summary>The grains listed.</summary>
    public IReadOnlyCollection<GrainId> Grains => _entries.Keys;

    /// <summary>Lists the grain, or brings its time forward. True when the set of grains has changed.</summary>
    public bool Watch(GrainId grain, DateTimeOffset due)
    {
        if (!_entries.TryGetValue(grain, out var entry))
        {
            _entries[grain] = new Entry(due, 0);
            return true;
        }

        _entries[grain] = new Entry(due < entry.Due ? due : entry.Due, entry.Calls + 1);
        return false;
    }

    /// <summary>Grains that are due, earliest first, with a mark that <see cref="Settled"/> wants back.</summary>
    public IReadOnlyList<(GrainId Grain, long Mark)> Due(DateTimeOffset now) =>
        [.. _entries.Where(entry => entry.Value.Due <= now).OrderBy(entry => entry.Value.Due).Select(entry => (entry.Key, entry.Value.Calls))];

    /// <summary>
    /// Takes a grain's answer: null removes it, unless it was listed again after it was asked. True when the set has changed.
    /// </summary>
    public bool Settled(GrainId grain, long mark, DateTimeOffset? next)
    {
        if (!_entries.TryGetValue(grain, out var entry)) return false;
        if (next is { } due)
        {
            _entries[grain] = entry with { Due = due };
            return false;
        }

        return entry.Calls == mark && _entries.Remove(grain);
    }

    private readonly record struct Entry(DateTimeOffset Due, long Calls);
}
