using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Verification;

/// <summary>A segment that some image reaches, and which of its frames.</summary>
internal sealed class ReachedSegment(SegmentReference reference, LineageId volume, string? image, IKeyring keyring)
{
    private ulong[] _frames = [];

    public SegmentReference Reference { get; } = reference;

    /// <summary>The volume and the image that reached it first.</summary>
    public LineageId Volume { get; } = volume;

    public string? Image { get; } = image;

    public IKeyring Keyring { get; } = keyring;

    /// <summary>The blob that its frames are in: its own, or the container that they were moved to.</summary>
    public SegmentReference Blob { get; set; } = reference;

    /// <summary>Blocks of the newest point that need it although it does not open; at most so many are kept.</summary>
    public List<long> LostBlocks { get; } = [];

    /// <summary>True when its index does not open: one damage stands for all of it.</summary>
    public bool IsBroken { get; set; }

    public long FrameCount { get; private set; }

    /// <summary>Marks a frame; true the first time.</summary>
    public bool Reach(int index)
    {
        if (index / 64 >= _frames.Length) Array.Resize(ref _frames, Math.Max(index / 64 + 1, _frames.Length * 2));
        var bit = 1UL << (index % 64);
        if ((_frames[index / 64] & bit) != 0) return false;
        _frames[index / 64] |= bit;
        FrameCount++;
        return true;
    }

    public bool IsReached(int index) => index / 64 < _frames.Length && (_frames[index / 64] & (1UL << (index % 64))) != 0;
}
