using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Compaction;

/// <summary>One blob of frames that the map refers to, under whatever names: a segment of its own, or a container.</summary>
internal sealed class StoredBlob(SegmentReference blob)
{
    /// <summary>Which blob.</summary>
    public SegmentReference Blob => blob;

    /// <summary>Stored bytes of all its frames, needed or not; what index and header take is not garbage and never goes.</summary>
    public long FrameBytes { get; set; }

    /// <summary>Segments whose frames it holds and that are still counted.</summary>
    public List<SegmentReference> Sources { get; } = [];

    /// <summary>Segments that its records name and that nothing counts any more: their records go with the blob.</summary>
    public List<SegmentIdentity> Forgotten { get; } = [];

    /// <summary>Stored bytes of its frames that the head or a retained cut reaches, by the accounts.</summary>
    public long HeldBytes { get; set; }

    /// <summary>
    /// True when a point of the recovery window, or another image with a tail, replays it: it must stay as it was sealed. All of its frames
    /// are needed then, so that there is nothing to gain either.
    /// </summary>
    public bool IsReplayed { get; set; }

    /// <summary>How full of what is needed it is, 0 to 1.</summary>
    public double Fullness => FrameBytes == 0 ? 0 : HeldBytes / (double)FrameBytes;
}
