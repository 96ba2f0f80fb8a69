namespace Tidegate.Grains.Waking;

/// <summary>
/// Which grains of a shard are to be asked and when: because they owe something, or because their presence lease has run
/// out. In memory; only the set of grains is saved (<see cref="WakeList"/>), since after a restart all of them are asked
/// anyway. Knows no clock.
/// </summary>
internal sealed class WakeAgenda
{
    private readonly Dictionary<GrainId, Entry> _entries = [];

    /// <summary>The grains listed.</summary>
    public IReadOnlyCollection<GrainId> Grains => _entries.Keys;

    /// <summary>
    /// Takes a grain from the saved set: it is due at once, and counts as leased until <paramref name="leaseUntil"/>, since
    /// leases are not saved and whoever held one renews it within a term.
    /// </summary>
    public void Restore(GrainId grain, DateTimeOffset now, DateTimeOffset leaseUntil) => _entries[grain] = new Entry(now, 0, 0, leaseUntil);

    /// <summary>Lists the grain, or brings its time forward. True when the set of grains has changed.</summary>
    public bool Watch(GrainId grain, DateTimeOffset due)
    {
        if (!_entries.TryGetValue(grain, out var entry))
        {
            _entries[grain] = new Entry(due, 0, 0, null);
            return true;
        }

        _entries[grain] = entry with { OwesAt = due < entry.OwesAt ? due : entry.OwesAt ?? due, Calls = entry.Calls + 1 };
        return false;
    }

    /// <summary>Takes or renews the lease of the grain's <paramref name="generation"/>, unless a newer one has been heard of.</summary>
    public LeaseOutcome Renew(GrainId grain, long generation, DateTimeOffset until)
    {
        if (!_entries.TryGetValue(grain, out var entry))
        {
            _entries[grain] = new Entry(null, 0, generation, until);
            return LeaseOutcome.Listed;
        }

        if (entry.Generation > generation) return LeaseOutcome.Refused;
        _entries[grain] = entry with { Generation = generation, LeaseUntil = until };
        return LeaseOutcome.Renewed;
    }

    /// <summary>Grains that are due, earliest first, with a mark that <see cref="Settled"/> wants back.</summary>
    public IReadOnlyList<(GrainId Grain, long Mark)> Due(DateTimeOffset now) =>
        [.. _entries.Where(entry => entry.Value.DueAt <= now).OrderBy(entry => entry.Value.DueAt).Select(entry => (entry.Key, entry.Value.Calls))];

    /// <summary>
    /// Takes a grain's answer: null removes it, unless it was listed again after it was asked or holds a lease. True when the
    /// set has changed.
    /// </summary>
    public bool Settled(GrainId grain, long mark, DateTimeOffset? next, DateTimeOffset now)
    {
        if (!_entries.TryGetValue(grain, out var entry)) return false;
        var leased = entry with { LeaseUntil = entry.LeaseUntil > now ? entry.LeaseUntil : null };
        if (next is null && entry.Calls == mark)
        {
            if (leased.LeaseUntil is null) return _entries.Remove(grain);
            _entries[grain] = leased with { OwesAt = null };
            return false;
        }

        _entries[grain] = leased with { OwesAt = next ?? entry.OwesAt ?? now };
        return false;
    }

    private readonly record struct Entry(DateTimeOffset? OwesAt, long Calls, long Generation, DateTimeOffset? LeaseUntil)
    {
        public DateTimeOffset? DueAt => OwesAt is null || LeaseUntil < OwesAt ? LeaseUntil : OwesAt;
    }
}
