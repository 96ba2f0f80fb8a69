namespace Tidegate.BlockStore.Reclaim;

/// <summary>A set of sequences, as disjoint rising intervals.</summary>
internal sealed class SequenceSet
{
    private readonly List<(long From, long Through)> _intervals = [];

    public SequenceSet(IEnumerable<(long From, long Through)> intervals)
    {
        foreach (var (from, through) in intervals.Order())
        {
            if (_intervals.Count > 0 && from - 1 <= _intervals[^1].Through)
                _intervals[^1] = (_intervals[^1].From, Math.Max(_intervals[^1].Through, through));
            else
                _intervals.Add((from, through));
        }
    }

    /// <summary>True when some member is in [<paramref name="from"/>, <paramref name="through"/>].</summary>
    public bool Touches(long from, long through)
    {
        var at = FirstEndingAtOrAfter(from);
        return at < _intervals.Count && _intervals[at].From <= through;
    }

    /// <summary>
    /// The runs of non-members that touch an interval, each with the members on both sides of it, -1 or <see cref="long.MaxValue"/> where
    /// there is none.
    /// </summary>
    public IEnumerable<(long Before, long After)> GapsIn(long from, long through)
    {
        var at = FirstEndingAtOrAfter(from);
        var before = at == 0 ? -1 : _intervals[at - 1].Through;
        for (; ; at++)
        {
            var isLast = at == _intervals.Count;
            var after = isLast ? long.MaxValue : _intervals[at].From;
            if (before < after - 1 && before < through && after > from) yield return (before, after);
            if (isLast || _intervals[at].Through >= through) yield break;
            before = _intervals[at].Through;
        }
    }

    private int FirstEndingAtOrAfter(long sequence)
    {
        var low = 0;
        var high = _intervals.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_intervals[middle].Through >= sequence) high = middle;
            else low = middle + 1;
        }
        return low;
    }
}
