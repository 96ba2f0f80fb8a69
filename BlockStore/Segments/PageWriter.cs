using Tidegate.BlockStore.Blobs;

namespace Tidegate.BlockStore.Segments;

/// <summary>
/// Packs pages, children before parents, into segments of one kind. References to pages of the unfinished segment carry
/// length 0 until <see cref="Resolve"/> knows better.
/// </summary>
internal sealed class PageWriter(LineageSealer sealer, SegmentKind kind, long sequence, int targetBytes) : IDisposable
{
    private readonly Queue<(SegmentIdentity Segment, int Pages)> _planned = [];
    private int _pagesLeft = int.MaxValue;

    private readonly Dictionary<SegmentIdentity, SegmentReference> _finished = [];
    private readonly List<(SegmentReference Segment, int FrameBytes)> _segments = [];
    private readonly Queue<BlobEffect> _blobs = [];
    private SegmentWriter? _current;
    private SegmentIdentity? _identity;

    /// <summary>Every finished segment and the bytes of its frames.</summary>
    public IReadOnlyList<(SegmentReference Segment, int FrameBytes)> Segments => _segments;

    /// <summary>Packs into segments drawn beforehand, a set number of pages each, whatever their sizes.</summary>
    public static PageWriter OfPlan(LineageSealer sealer, IEnumerable<(SegmentIdentity Segment, int Pages)> plan)
    {
        var writer = new PageWriter(sealer, default, 0, int.MaxValue);
        foreach (var part in plan) writer._planned.Enqueue(part);
        return writer;
    }

    /// <summary>The segment that the next page goes into; call before encoding the page, whose table depends on it.</summary>
    public SegmentIdentity NextHolder()
    {
        if (_current is not null && (_current.FrameBytes >= targetBytes || _pagesLeft == 0)) FinishSegment();
        if (_current is null)
        {
            if (_planned.TryDequeue(out var part)) (_identity, _pagesLeft) = part;
            else _identity = sealer.NewIdentity(kind, sequence);
            _current = sealer.CreateWriter(_identity);
        }
        return _identity!;
    }

    public PageReference Add(uint number, int level, ReadOnlySpan<byte> plain, PageHash hash)
    {
        _pagesLeft--;
        var index = _current!.AddFrame(number, (ushort)level, plain);
        return new PageReference(new SegmentReference(_identity!, 0), index, _current.Entries[index].StoredBytes, hash);
    }

    /// <summary>The reference with its segment's length, once that segment is finished.</summary>
    public PageReference Resolve(PageReference page) =>
        page.Segment.LengthBytes == 0 && _finished.TryGetValue(page.Segment.Identity, out var segment)
            ? page with { Segment = segment }
            : page;

    /// <summary>Takes the next finished blob to be stored.</summary>
    public bool TryTakeBlob(out BlobEffect? blob) => _blobs.TryDequeue(out blob);

    /// <summary>Finishes the last segment.</summary>
    public void Finish()
    {
        if (_current is not null) FinishSegment();
    }

    public void Dispose() => _current?.Dispose();

    private void FinishSegment()
    {
        using var finished = sealer.Finish(_current!, _identity!);
        _finished[_identity!] = finished.Reference;
        _segments.Add((finished.Reference, finished.FrameBytes));
        _blobs.Enqueue(new BlobEffect(finished.BlobKey, finished.Content.ToArray()));
        _current!.Dispose();
        _current = null;
    }
}
