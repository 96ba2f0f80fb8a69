using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>What a walk from a volume's head met (<c>docs/formats/reclaim.md</c>, Audit).</summary>
public sealed class AuditMarks
{
    private readonly HashSet<string> _blobs = new(StringComparer.Ordinal);
    private readonly Dictionary<SegmentIdentity, Marked> _segments = [];

    /// <summary>Keys of all blobs that are needed, of whatever lineage.</summary>
    public IReadOnlySet<string> Blobs => _blobs;

    /// <summary>Segments of the volume's own lineage with frames or pages that are needed.</summary>
    public IEnumerable<SegmentIdentity> Segments => _segments.Keys;

    /// <summary>Stored bytes of a segment that the head's root reaches, and of those that only something retained reaches.</summary>
    public (long Live, long Held) BytesOf(SegmentIdentity segment) =>
        _segments.TryGetValue(segment, out var marked) ? (marked.LiveBytes, marked.HeldBytes) : (0, 0);

    /// <summary>True when the segment is needed, under its own name or where compaction put it.</summary>
    public bool Needs(SegmentIdentity segment) => _segments.ContainsKey(segment) || _blobs.Contains(segment.BlobKey);

    internal void MarkBlob(SegmentIdentity segment) => _blobs.Add(segment.BlobKey);

    /// <summary>Marks a frame; false when it was marked before. Everything living is marked before anything held.</summary>
    internal bool Mark(SegmentReference segment, int index, int bytes, bool isLive)
    {
        if (!_segments.TryGetValue(segment.Identity, out var marked)) _segments[segment.Identity] = marked = new Marked();
        if (!marked.Frames.Add(index)) return false;
        if (isLive) marked.LiveBytes += bytes;
        else marked.HeldBytes += bytes;
        return true;
    }

    private sealed class Marked
    {
        public FrameSet Frames { get; } = new();
        public long LiveBytes { get; set; }
        public long HeldBytes { get; set; }
    }

    // One bit a frame: about a kibibyte for a segment of single sectors.
    private sealed class FrameSet
    {
        private ulong[] _words = new ulong[4];

        public bool Add(int index)
        {
            if (index / 64 >= _words.Length) Array.Resize(ref _words, Math.Max(index / 64 + 1, _words.Length * 2));
            var bit = 1UL << (index % 64);
            if ((_words[index / 64] & bit) != 0) return false;
            _words[index / 64] |= bit;
            return true;
        }
    }
}
