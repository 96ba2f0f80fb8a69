using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Relocation;

/// <summary>
/// An opened container (<c>docs/formats/relocation.md</c>): frames of many segments, sealed under the keys that those always had. Its own
/// key protects the index and the directory; a frame authenticates as the frame of its segment and as nothing else.
/// </summary>
internal sealed class MovedContainer
{
    private readonly Dictionary<SegmentIdentity, MovedFrames> _sources;

    private MovedContainer(SegmentReference reference, int frameCount, Dictionary<SegmentIdentity, MovedFrames> sources)
    {
        Reference = reference;
        FrameCount = frameCount;
        _sources = sources;
    }

    /// <summary>Which container.</summary>
    public SegmentReference Reference { get; }

    /// <summary>Moved frames in it.</summary>
    public int FrameCount { get; }

    /// <summary>Segments that they belong to.</summary>
    public int SourceCount => _sources.Count;

    /// <summary>The frames of a segment. Throws <see cref="CorruptDataException"/> when the container does not name it.</summary>
    public MovedFrames Find(SegmentIdentity segment) => _sources.GetValueOrDefault(segment)
        ?? throw new CorruptDataException(
            $"Container {Reference.Identity.BlobKey}", $"the relocation table sends segment {segment.BlobKey} here, and it holds nothing of it");

    /// <summary>Opens a stored container: index and directory are read and verified.</summary>
    public static async Task<MovedContainer> OpenAsync(
        IBlobSource source, SegmentReference reference, IKeyring keyring, CancellationToken cancellationToken)
    {
        var what = $"Container {reference.Identity.BlobKey}";
        var reader = await SegmentReader.OpenAsync(source, reference, keyring, cancellationToken);
        var entries = reader.Index.Entries;
        if (entries.Count == 0) throw new CorruptDataException(what, "it has no directory");
        var plain = new byte[entries[^1].PlainBytes];
        await reader.ReadFrameAsync(source, entries.Count - 1, plain, cancellationToken);
        var directory = MovedDirectory.Decode(plain, reference.Identity.Owner, entries.Count - 1, what);
        var sources = new Dictionary<SegmentIdentity, MovedFrames>(directory.Sources.Count);
        var first = 0;
        foreach (var (segment, indexes) in directory.Sources)
        {
            if (!sources.TryAdd(segment, new MovedFrames(reference, entries, first, indexes)))
                throw new CorruptDataException(what, $"it names segment {segment.BlobKey} twice");
            first += indexes.Length;
        }
        return new MovedContainer(reference, entries.Count - 1, sources);
    }
}
