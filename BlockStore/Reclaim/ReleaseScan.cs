using System.Runtime.CompilerServices;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// Finds the dead lists that only dropped holds needed: those born after the nearest retained sequence before such a hold and dead by the
/// nearest after it. What is retained is as it is now, so that a release which goes on later finds what is then needed by nothing.
/// </summary>
internal sealed class ReleaseScan(CatalogueEdit catalogue, Holds holds)
{
    /// <summary>
    /// What the releases are to free, within limits, and what is left of each for another time. A list that a release has passed is needed,
    /// or freed; nothing new can come there that is neither.
    /// </summary>
    public async Task<(IReadOnlyList<DeathRecord> Found, IReadOnlyList<ReleaseRecord> Left)> FindAsync(
        IReadOnlyCollection<ReleaseRecord> releases, ReclaimLimits limits, CancellationToken cancellationToken)
    {
        var found = new HashSet<DeathRecord>();
        var segments = new HashSet<(SegmentKind, long, BlobNonce)>();
        var left = new List<ReleaseRecord>();
        var looked = 0;
        foreach (var release in releases)
        {
            ReleaseRecord? last = null;
            await foreach (var (death, at) in ListAsync(release, cancellationToken))
            {
                var isNeeded = holds.Need(death);
                var segment = (death.Kind, death.SegmentSequence, death.SegmentNonce);
                // What goes on begins with all lists of one birth and death: stopping among them for having looked enough would look at them for ever.
                if ((looked >= limits.Looked && at != last)
                    || (!isNeeded && (found.Count >= limits.Lists || (segments.Count >= limits.Segments && !segments.Contains(segment)))))
                {
                    left.Add(at);
                    break;
                }
                looked++;
                last = at;
                if (isNeeded) continue;
                found.Add(death);
                segments.Add(segment);
            }
        }
        return ([.. found], left);
    }

    /// <summary>Bytes of all lists that the releases would free and that <paramref name="before"/> needed.</summary>
    public async Task<long> CountAsync(IReadOnlyCollection<Hold> dropped, Holds before, CancellationToken cancellationToken)
    {
        var bytes = 0L;
        // Each list once: by its own set's gap, whichever of the dropped holds leads there.
        foreach (var (gap, sets) in GapsOf(dropped))
        {
            await foreach (var death in catalogue.ListDeathsBetweenAsync(gap.Before, gap.After, (gap.Before + 1, gap.Before + 1), cancellationToken))
                if (sets.Contains(holds.SetOf(death)) && !holds.Need(death) && before.Need(death)) bytes += death.Bytes;
        }
        return bytes;
    }

    // Gaps in order; one that has begun goes on where it was, and when it is there no more, because what is retained has changed, all begin anew.
    private async IAsyncEnumerable<(DeathRecord Death, ReleaseRecord At)> ListAsync(
        ReleaseRecord release, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var gaps = GapsOf([release.Hold]).Keys.ToList();
        var first = Math.Max(0, gaps.IndexOf((release.Before, release.After)));
        for (var i = first; i < gaps.Count; i++)
        {
            var (before, after) = gaps[i];
            var from = (before, after) == (release.Before, release.After) ? (release.Death, release.Birth) : (before + 1, before + 1);
            await foreach (var death in catalogue.ListDeathsBetweenAsync(before, after, from, cancellationToken))
                yield return (death, new ReleaseRecord(release.Hold, before, after, death.Death, death.Birth));
        }
    }

    private SortedDictionary<(long Before, long After), List<SequenceSet>> GapsOf(IReadOnlyCollection<Hold> dropped)
    {
        var gaps = new SortedDictionary<(long, long), List<SequenceSet>>();
        foreach (var set in holds.Sets)
        {
            foreach (var gap in dropped.SelectMany(hold => set.GapsIn(hold.FromSequence, hold.ThroughSequence)))
            {
                if (!gaps.TryGetValue(gap, out var sets)) gaps[gap] = sets = [];
                if (!sets.Contains(set)) sets.Add(set);
            }
        }
        return gaps;
    }
}
