using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Folding;

/// <summary>
/// Counts what a fold brings to life and what it kills, exactly: every frame of the volume's own lineage, with its true birth and the
/// sequence that took its last sector. What an origin wrote is freed through the origin's pins and is not counted here.
/// </summary>
internal class FoldAccounts(LineageId lineage)
{
    private readonly Dictionary<SegmentIdentity, SegmentLife> _born = [];
    private readonly Dictionary<SegmentIdentity, long> _lost = [];
    private readonly Dictionary<(long Birth, long Death, SegmentIdentity Segment), (long Bytes, long Frames)> _deaths = [];

    /// <summary>True for what was born where nothing retained ever sees it: it is free when it dies.</summary>
    protected virtual bool IsTemporary(long birth) => false;

    /// <summary>True when the deaths are only listed, because what died lives on elsewhere until the fold's root counts.</summary>
    protected virtual bool IsDeferred => false;

    public List<DeadSubtree> Subtrees { get; } = [];

    public IReadOnlyList<SegmentLife> Born => [.. _born.Values];

    public IReadOnlyDictionary<SegmentIdentity, long> Lost => _lost;

    public IReadOnlyList<DeathRecord> Deaths =>
        [.. _deaths.Select(death => new DeathRecord(
            death.Key.Birth, death.Key.Death, death.Key.Segment.Kind, death.Key.Segment.Sequence, death.Key.Segment.Nonce, death.Value.Bytes, death.Value.Frames))];

    public void Bear(SegmentReference segment, long bytes)
    {
        if (IsOwn(segment)) _born[segment.Identity] = new SegmentLife(segment, bytes, bytes);
    }

    public void Kill(MapFragment fragment, long death) => Kill(fragment.Segment.Identity, fragment.StoredBytes, fragment.FrameBirth, death);

    /// <summary>A page is born in the fold that its segment is named after.</summary>
    public void Kill(PageReference page, long death) =>
        Kill(page.Segment.Identity, page.StoredBytes, page.Segment.Identity.Sequence, death);

    /// <summary>True when the page was written by this volume and not by an origin.</summary>
    public bool Owns(PageReference page) => IsOwn(page.Segment);

    /// <summary>True for a segment that this volume wrote.</summary>
    public bool IsOwn(SegmentReference segment) => segment.Identity.Owner == lineage;

    /// <summary>Takes bytes from the living ones of a segment that this fold or one before counted.</summary>
    protected void Lose(SegmentIdentity segment, int bytes)
    {
        if (_born.TryGetValue(segment, out var life)) _born[segment] = life with { LiveBytes = life.LiveBytes - bytes };
        else _lost[segment] = _lost.GetValueOrDefault(segment) + bytes;
    }

    private void Kill(SegmentIdentity segment, int bytes, long birth, long death)
    {
        if (segment.Owner != lineage) return;
        if (IsTemporary(birth))
        {
            Lose(segment, bytes);
            return;
        }
        if (!IsDeferred) Lose(segment, bytes);
        var (dead, frames) = _deaths.GetValueOrDefault((birth, death, segment));
        _deaths[(birth, death, segment)] = (dead + bytes, frames + 1);
    }
}
