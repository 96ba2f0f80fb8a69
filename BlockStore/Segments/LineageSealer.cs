using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Keys;

namespace Tidegate.BlockStore.Segments;

/// <summary>Seals what a lineage stores besides data: pages, tail manifests, head manifests. Draws the nonces, does no I/O.</summary>
/// <param name="owner">The lineage.</param>
/// <param name="generation">Generation of <paramref name="key"/>.</param>
/// <param name="key">Its data key.</param>
/// <param name="nonces">Where nonces come from.</param>
public sealed class LineageSealer(LineageId owner, int generation, DataKey key, INonceSource nonces)
{
    /// <summary>The lineage that it seals for.</summary>
    public LineageId Owner => owner;

    internal SegmentIdentity NewIdentity(SegmentKind kind, long sequence) => new(kind, owner, generation, 0, sequence, nonces.Next());

    internal SegmentIdentity NewDataIdentity(long epoch, long sequence) => SegmentIdentity.NewData(owner, generation, epoch, sequence, nonces);

    /// <summary>Begins a data segment of a lineage that never had another key: digests are made with its first.</summary>
    internal SegmentBuilder CreateBuilder(long logStart) => new(key, logStart);

    internal SegmentWriter CreateWriter(SegmentIdentity identity) => new(identity, key, 64 << 10);

    internal SealedSegment Finish(SegmentWriter writer, SegmentIdentity identity) => writer.Finish(
        new SegmentHeader(identity, 0, 0, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, SegmentDigest.None, SegmentDigest.None), []);

    /// <summary>Seals one object as a segment of one frame.</summary>
    internal (SegmentReference Reference, BlobEffect Blob) SealOne(SegmentKind kind, long sequence, ReadOnlySpan<byte> plain)
    {
        return SealOne(NewIdentity(kind, sequence), plain);
    }

    /// <summary>As above, under an identity drawn before.</summary>
    internal (SegmentReference Reference, BlobEffect Blob) SealOne(SegmentIdentity identity, ReadOnlySpan<byte> plain)
    {
        using var writer = CreateWriter(identity);
        writer.AddFrame(0, 0, plain);
        using var finished = Finish(writer, identity);
        return (finished.Reference, new BlobEffect(finished.BlobKey, finished.Content.ToArray()));
    }
}
