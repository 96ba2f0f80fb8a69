using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Compaction;

/// <summary>
/// What a volume's frames take in the bucket and how much of it is needed, blob by blob, from the accounts alone: live bytes, and those
/// of dead lists, put together by where the frames are. Memory follows the number of blobs.
/// </summary>
internal sealed class SpaceCensus
{
    private readonly Dictionary<BlobNonce, StoredBlob> _blobOf = [];
    private readonly Dictionary<BlobNonce, long> _heldOf = [];

    private readonly Holds _holds;

    private SpaceCensus(Holds holds) => _holds = holds;

    /// <summary>Every blob of frames.</summary>
    public List<StoredBlob> Blobs { get; } = [];

    /// <summary>Bytes of all frames that are stored, needed or not.</summary>
    public long StoredBytes { get; private set; }

    /// <summary>Stored bytes of frames that something reaches.</summary>
    public long HeldBytes { get; private set; }

    /// <summary>Bytes of a counted segment that something reaches, by the accounts.</summary>
    public long HeldBytesOf(SegmentIdentity segment) => _heldOf[segment.Nonce];

    /// <summary>Counts a volume at one catalogue and the table that was saved with it.</summary>
    public static async Task<SpaceCensus> TakeAsync(CatalogueEdit catalogue, RelocationTable table, CancellationToken cancellationToken)
    {
        var census = new SpaceCensus(await Holds.LoadAsync(catalogue, cancellationToken));
        var containers = new Dictionary<BlobNonce, StoredBlob>();
        var moved = new Dictionary<BlobNonce, SegmentIdentity>();
        await foreach (var record in table.ListAsync(cancellationToken))
        {
            if (!containers.TryGetValue(record.Container.Identity.Nonce, out var container))
            {
                container = new StoredBlob(record.Container);
                containers.Add(record.Container.Identity.Nonce, container);
                census.Blobs.Add(container);
            }
            container.FrameBytes += record.FrameBytes;
            census.StoredBytes += record.FrameBytes;
            census._blobOf.Add(record.Segment.Nonce, container);
            moved.Add(record.Segment.Nonce, record.Segment);
        }
        await foreach (var life in catalogue.ListLivesAsync(cancellationToken)) census.Count(life, moved);
        await foreach (var death in catalogue.ListDeathsAsync(cancellationToken)) census.Count(death);
        // What is left has records and no life: the last of it was freed.
        foreach (var (nonce, segment) in moved) census._blobOf[nonce].Forgotten.Add(segment);
        return census;
    }

    private void Count(SegmentLife life, Dictionary<BlobNonce, SegmentIdentity> moved)
    {
        var nonce = life.Segment.Identity.Nonce;
        if (!RelocationTable.IsMovable(life.Segment.Identity.Kind)) return;
        if (!moved.Remove(nonce))
        {
            var own = new StoredBlob(life.Segment) { FrameBytes = life.TotalBytes };
            _blobOf.Add(nonce, own);
            Blobs.Add(own);
            StoredBytes += life.TotalBytes;
        }
        _blobOf[nonce].Sources.Add(life.Segment);
        Hold(nonce, life.NeededBytes);
        if (_holds.Replay(life.Segment.Identity)) _blobOf[nonce].IsReplayed = true;
    }

    private void Count(DeathRecord death)
    {
        if (RelocationTable.IsMovable(death.Kind) && !_heldOf.ContainsKey(death.SegmentNonce))
            throw new CorruptDataException(
                "The catalogue",
                $"it lists {death.Bytes} dead bytes of {death.Kind} segment {death.SegmentSequence:x16}-{death.SegmentNonce}, which it does not count");
    }

    private void Hold(BlobNonce nonce, long bytes)
    {
        _heldOf[nonce] = _heldOf.GetValueOrDefault(nonce) + bytes;
        _blobOf[nonce].HeldBytes += bytes;
        HeldBytes += bytes;
    }
}
