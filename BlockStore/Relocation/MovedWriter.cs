using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Relocation;

/// <summary>
/// Packs sealed frames into containers, all frames of a segment into one: that one record of the relocation table then finds them.
/// </summary>
internal sealed class MovedWriter(LineageSealer sealer, long job, int targetBytes) : IDisposable
{
    /// <summary>No container grows past this by taking one more segment.</summary>
    private const int MaxMixedBytes = 32 << 20;

    private readonly List<(SegmentIdentity Segment, int[] Indexes, int FrameBytes)> _sources = [];
    private readonly Queue<(BlobEffect Blob, IReadOnlyList<MovedSegment> Moved)> _finished = [];
    private SegmentWriter? _current;
    private SegmentIdentity? _identity;

    /// <summary>Begins a segment's frames; the container is rolled first when they would not fit or it has its size.</summary>
    public void Begin(SegmentIdentity segment, IReadOnlyCollection<(int Index, SegmentEntry Entry)> frames)
    {
        var bytes = frames.Sum(frame => frame.Entry.StoredBytes);
        if (_current is not null
            && (_current.FrameBytes >= targetBytes
                || _current.FrameBytes + bytes > MaxMixedBytes
                // One entry is the directory's.
                || _current.Entries.Count + frames.Count >= SegmentFormat.MaxEntries
                || _sources.Count == MovedDirectory.MaxSources))
            Finish();
        if (_current is null)
        {
            _identity = sealer.NewIdentity(SegmentKind.Moved, job);
            _current = sealer.CreateWriter(_identity);
        }
        _sources.Add((segment, [.. frames.Select(frame => frame.Index)], bytes));
    }

    /// <summary>Adds the ciphertext of the next frame that was announced.</summary>
    public void Add(SegmentEntry entry, ReadOnlySpan<byte> ciphertext) => _current!.AddSealedFrame(entry, ciphertext);

    /// <summary>Takes the next finished container and what lies in it.</summary>
    public bool TryTake(out (BlobEffect Blob, IReadOnlyList<MovedSegment> Moved) finished) => _finished.TryDequeue(out finished);

    /// <summary>Finishes the last container.</summary>
    public void Finish()
    {
        if (_current is null) return;
        _current.AddFrame(0, 0, new MovedDirectory([.. _sources.Select(source => (source.Segment, source.Indexes))]).Encode());
        using var container = sealer.Finish(_current, _identity!);
        var reference = container.Reference;
        _finished.Enqueue((
            new BlobEffect(container.BlobKey, container.Content.ToArray()),
            [.. _sources.Select(source => new MovedSegment(source.Segment, reference, source.FrameBytes))]));
        _current.Dispose();
        _current = null;
        _sources.Clear();
    }

    public void Dispose() => _current?.Dispose();
}
