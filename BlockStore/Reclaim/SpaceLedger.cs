using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// The accounting of one change of the catalogue: what is born, what dies, what is let go. Keeps lives of segments and dead lists in
/// step, and condemns a segment in the change that takes its last reference (<c>docs/formats/catalogue.md</c>, Accounting). Collects
/// in memory; <see cref="SettleAsync(CancellationToken)"/> writes, once, after everything else of the change. Throws <see cref="CorruptDataException"/> rather
/// than let an account go below nothing.
/// </summary>
public sealed class SpaceLedger
{
    private readonly CatalogueEdit _catalogue;
    private readonly DateTimeOffset _now;
    private readonly long _version;
    private readonly Dictionary<(SegmentKind, long, BlobNonce), Entry> _entries = [];
    private readonly Dictionary<(long Birth, long Death, SegmentKind, long, BlobNonce), (long Bytes, long Frames)> _deaths = [];

    /// <summary>Opens the accounts of a catalogue for one change.</summary>
    /// <param name="catalogue">The catalogue that is being changed.</param>
    /// <param name="holds">What is retained after the change.</param>
    /// <param name="now">Service's clock.</param>
    /// <param name="version">Version of the head that the change will make.</param>
    public SpaceLedger(CatalogueEdit catalogue, Holds holds, DateTimeOffset now, long version)
    {
        _catalogue = catalogue;
        Holds = holds;
        _now = now;
        _version = version;
    }

    /// <summary>What is retained after the change.</summary>
    public Holds Holds { get; }

    /// <summary>Stored bytes of frames and pages that the change freed.</summary>
    public long FreedBytes { get; private set; }

    /// <summary>Blobs that the change condemned.</summary>
    public int CondemnedBlobs { get; private set; }

    /// <summary>A segment of this lineage enters the base with all its bytes living.</summary>
    public void Bear(SegmentReference segment, long bytes) => Bear(new SegmentLife(segment, bytes, bytes));

    /// <summary>As above, some bytes living. The others must be given as dead with <see cref="Bury"/>.</summary>
    public void Bear(SegmentLife life)
    {
        BearStaged(life);
        var segment = life.Segment.Identity;
        // A segment without frames may still hold ranges, which a replay needs: a list without bytes stands for it.
        if (life is { TotalBytes: 0 } && segment.Kind == SegmentKind.Data)
            Add(new DeathRecord(segment.Sequence, segment.Sequence + 1, segment.Kind, segment.Sequence, segment.Nonce, 0, 0));
    }

    /// <summary>As above, staged: no retained image will ever replay it, and what of it does not live is free.</summary>
    public void BearStaged(SegmentLife life) => EntryOf(life.Segment.Identity).Born = life with { HeldBytes = 0, DeadLists = 0 };

    /// <summary>Takes bytes from a segment's living ones.</summary>
    public void Lose(SegmentIdentity segment, long bytes) => EntryOf(segment).Live -= bytes;

    /// <summary>Bytes that live no more, taken from the living before: held when something retained needs them, free otherwise.</summary>
    public void Bury(DeathRecord death) => Add(death);

    /// <summary>Living bytes of a segment die: <see cref="Lose"/> and <see cref="Bury"/> in one.</summary>
    public void Kill(SegmentIdentity segment, long birth, long death, long bytes, long frames = 1) =>
        Kill(new DeathRecord(birth, death, segment.Kind, segment.Sequence, segment.Nonce, bytes, frames));

    /// <summary>As above, of a list.</summary>
    public void Kill(DeathRecord death)
    {
        EntryOf((death.Kind, death.SegmentSequence, death.SegmentNonce)).Live -= death.Bytes;
        Add(death);
    }

    /// <summary>
    /// Frees what only <paramref name="dropped"/> held, which <see cref="Holds"/> has no longer, within limits. What is left is recorded, for
    /// <see cref="PendingReleases"/>. Cost follows what is freed, and the commits between the neighbours of what is dropped.
    /// </summary>
    public Task ReleaseAsync(IEnumerable<Hold> dropped, ReclaimLimits limits, CancellationToken cancellationToken = default) =>
        ReleaseAsync([.. dropped.Distinct().Select(ReleaseRecord.Of)], limits, cancellationToken);

    /// <summary>True when something is left of what was to be released.</summary>
    public bool IsReleaseLeft { get; private set; }

    internal async Task ReleaseAsync(IReadOnlyCollection<ReleaseRecord> releases, ReclaimLimits limits, CancellationToken cancellationToken)
    {
        var (found, left) = await new ReleaseScan(_catalogue, Holds).FindAsync(releases, limits, cancellationToken);
        foreach (var release in left) await _catalogue.PutReleaseAsync(release, cancellationToken);
        IsReleaseLeft |= left.Count > 0;
        foreach (var death in found)
        {
            await _catalogue.RemoveDeathAsync(death, cancellationToken);
            var entry = EntryOf((death.Kind, death.SegmentSequence, death.SegmentNonce));
            entry.Held -= death.Bytes;
            entry.Lists--;
            FreedBytes += death.Bytes;
        }
    }

    /// <summary>True when the accounts of one change are as many as it may touch.</summary>
    internal bool IsFull(ReclaimLimits limits) => _entries.Count >= limits.Segments || _deaths.Count >= limits.Lists;

    /// <summary>Condemns a blob that nothing refers to from this change on.</summary>
    public ValueTask CondemnAsync(string blobKey, CancellationToken cancellationToken = default)
    {
        CondemnedBlobs++;
        return _catalogue.CondemnAsync(blobKey, _now, _version, cancellationToken);
    }

    /// <summary>Writes every account that changed; condemns the segments that nothing needs any more.</summary>
    public async Task SettleAsync(CancellationToken cancellationToken = default)
    {
        foreach (var ((birth, death, kind, sequence, nonce), (bytes, frames)) in _deaths)
        {
            var record = new DeathRecord(birth, death, kind, sequence, nonce, bytes, frames);
            var entry = EntryOf((kind, sequence, nonce));
            if (!Holds.Need(record))
            {
                FreedBytes += bytes;
                continue;
            }
            entry.Held += bytes;
            if (await _catalogue.AddDeathAsync(record, cancellationToken)) entry.Lists++;
        }
        foreach (var ((kind, sequence, nonce), entry) in _entries) await SettleAsync(kind, sequence, nonce, entry, cancellationToken);
    }

    private async Task SettleAsync(SegmentKind kind, long sequence, BlobNonce nonce, Entry entry, CancellationToken cancellationToken)
    {
        var name = $"{kind} segment {sequence:x16}-{nonce}";
        var life = entry.Born
            ?? await _catalogue.FindLifeAsync(kind, sequence, nonce, cancellationToken)
            ?? throw Corrupt(name, "something of it died, and it is not counted");
        life = life with { LiveBytes = life.LiveBytes + entry.Live, HeldBytes = life.HeldBytes + entry.Held, DeadLists = life.DeadLists + entry.Lists };
        if (life.LiveBytes < 0 || life.HeldBytes < 0 || life.DeadLists < 0 || life.NeededBytes > life.TotalBytes)
            throw Corrupt(name, $"it would come to {life.LiveBytes} live and {life.HeldBytes} held of {life.TotalBytes} bytes in {life.DeadLists} lists");
        if (!life.IsFree)
        {
            await _catalogue.PutLifeAsync(life, cancellationToken);
            return;
        }
        await _catalogue.RemoveLifeAsync(life.Segment.Identity, cancellationToken);
        // When compaction moved it this was done before; its container goes once the relocation table forgets it.
        await CondemnAsync(life.Segment.Identity.BlobKey, cancellationToken);
    }

    private void Add(DeathRecord death)
    {
        var key = (death.Birth, death.Death, death.Kind, death.SegmentSequence, death.SegmentNonce);
        var (bytes, frames) = _deaths.GetValueOrDefault(key);
        _deaths[key] = (bytes + death.Bytes, frames + death.Frames);
    }

    private Entry EntryOf(SegmentIdentity segment) => EntryOf((segment.Kind, segment.Sequence, segment.Nonce));

    private Entry EntryOf((SegmentKind, long, BlobNonce) segment)
    {
        if (!_entries.TryGetValue(segment, out var entry)) _entries[segment] = entry = new Entry();
        return entry;
    }

    private static CorruptDataException Corrupt(string segment, string problem) => new($"The account of {segment}", problem);

    private sealed class Entry
    {
        public SegmentLife? Born { get; set; }
        public long Live { get; set; }
        public long Held { get; set; }
        public long Lists { get; set; }
    }
}
