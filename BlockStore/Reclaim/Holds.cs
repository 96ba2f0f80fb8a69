using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// Everything retained besides the head itself, and the one question of reclaim: does any of it need what was born in one sequence
/// and died in another (<c>docs/formats/reclaim.md</c>, Holds)?
/// </summary>
public sealed class Holds
{
    private readonly SequenceSet _frames;
    private readonly SequenceSet _pages;
    private readonly SequenceSet _replays;

    /// <summary>The holds given and no others.</summary>
    public Holds(IReadOnlyCollection<Hold> holds)
    {
        All = holds;
        // A frame is met by the root or by replay; a page by a root alone; a segment's ranges by replay alone.
        _frames = new SequenceSet(holds.Select(hold => (hold.FromSequence, hold.ThroughSequence)));
        _pages = new SequenceSet(holds.Select(hold => (hold.FromSequence, hold.IsWindow ? hold.ThroughSequence : hold.FromSequence)));
        _replays = new SequenceSet(
            holds.Where(hold => hold.FromSequence < hold.ThroughSequence).Select(hold => (hold.FromSequence + 1, hold.ThroughSequence)));
    }

    /// <summary>The holds.</summary>
    public IReadOnlyCollection<Hold> All { get; }

    /// <summary>Reads the holds of a catalogue: its cuts, pins, leases and recovery window.</summary>
    public static async Task<Holds> LoadAsync(CatalogueEdit catalogue, CancellationToken cancellationToken = default)
    {
        var holds = new List<Hold>();
        await foreach (var snapshot in catalogue.ListSnapshotsAsync(cancellationToken)) holds.Add(Hold.Of(snapshot));
        await foreach (var pin in catalogue.ListPinsAsync(cancellationToken)) holds.Add(Hold.Of(pin));
        await foreach (var lease in catalogue.ListLeasesAsync(cancellationToken)) holds.Add(Hold.Of(lease));
        if (await catalogue.GetWindowAsync(cancellationToken) is { } window) holds.Add(new Hold(window.FromSequence, long.MaxValue));
        return new Holds(holds);
    }

    /// <summary>True when something retained needs what a dead list is of.</summary>
    public bool Need(DeathRecord death) => SetOf(death).Touches(death.Birth, Math.Max(death.Birth, death.Death - 1));

    /// <summary>True when something retained opens the segment itself, to apply its records in order: it must stay as it was sealed.</summary>
    public bool Replay(SegmentIdentity segment) => segment.Kind == SegmentKind.Data && _replays.Touches(segment.Sequence, segment.Sequence);

    /// <summary>The sets that <see cref="SetOf"/> chooses from.</summary>
    internal IReadOnlyList<SequenceSet> Sets => [_frames, _pages, _replays];

    /// <summary>The sequences at which something retained meets what a list is of.</summary>
    internal SequenceSet SetOf(DeathRecord death) => death.Kind switch
    {
        // Merged frames too are met by roots alone: no tail replays them.
        SegmentKind.Map or SegmentKind.Compact => _pages,
        // What died where it was born never came into a root.
        _ => death.Frames == 0 || death.Birth == death.Death ? _replays : _frames,
    };
}
