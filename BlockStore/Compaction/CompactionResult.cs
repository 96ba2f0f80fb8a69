using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Compaction;

/// <summary>
/// What a compaction made: a new relocation table, and the blobs that nothing needs once it is saved. Its containers and table pages are
/// stored already; nothing refers to them until <see cref="PreparedChange.OfCompactionAsync"/>.
/// </summary>
public sealed record CompactionResult
{
    /// <summary>The volume's lineage.</summary>
    public required LineageId Lineage { get; init; }

    /// <summary>Incarnation of the head that it began from.</summary>
    public required long Incarnation { get; init; }

    /// <summary>Version of the head that it began from: in an older one a moved segment may still stand in the tail.</summary>
    public required long FromVersion { get; init; }

    /// <summary>Relocation table that it began from.</summary>
    public required PageRoot? FromTable { get; init; }

    /// <summary>The new table; null when no segment is moved any more.</summary>
    public required PageRoot? Table { get; init; }

    /// <summary>Blobs that it replaced.</summary>
    public required IReadOnlyList<SegmentReference> Condemned { get; init; }

    /// <summary>Segments of the new table's pages, with the bytes of their frames.</summary>
    public required IReadOnlyList<SegmentLife> Born { get; init; }

    /// <summary>Bytes of table pages that were replaced, by segment.</summary>
    public required IReadOnlyDictionary<SegmentIdentity, long> Lost { get; init; }

    /// <summary>Bytes stored by the job: containers and table pages.</summary>
    public required long StoredBytes { get; init; }

    /// <summary>Bytes of the blobs that it condemns.</summary>
    public required long CondemnedBytes { get; init; }

    /// <summary>True while a head, no older than the one the job began from, still has that one's table.</summary>
    public bool IsFor(VolumeHead head) =>
        Lineage == head.Lineage && Incarnation == head.Incarnation && FromVersion <= head.Version && FromTable == head.Relocation;

    /// <summary>
    /// Condemns what was replaced and counts the table's pages, in the same save as the table. The live bytes and dead lists of moved
    /// segments stay as they are: they speak of frames by their own segments' names, wherever the frames are.
    /// </summary>
    public async Task ApplyAsync(CatalogueEdit catalogue, DateTimeOffset now, long version, CancellationToken cancellationToken = default)
    {
        foreach (var blob in Condemned) await catalogue.PutTombstoneAsync(new Tombstone(blob.Identity.BlobKey, now, version), cancellationToken);
        foreach (var life in Born) await catalogue.PutLifeAsync(life, cancellationToken);
        foreach (var (segment, bytes) in Lost)
        {
            var life = await catalogue.FindLifeAsync(segment, cancellationToken);
            var left = (life?.LiveBytes ?? 0) - bytes;
            if (life is null || left < 0)
                throw new Formats.CorruptDataException(
                    $"The catalogue of {Lineage}",
                    $"it counts {life?.LiveBytes ?? 0} live bytes in relocation segment {segment.BlobKey}, of which {bytes} were just replaced");
            // No cut keeps a table: a page that was replaced is nobody's.
            if (left > 0)
            {
                await catalogue.PutLifeAsync(life with { TotalBytes = left, LiveBytes = left }, cancellationToken);
                continue;
            }
            await catalogue.RemoveLifeAsync(segment, cancellationToken);
            await catalogue.PutTombstoneAsync(new Tombstone(segment.BlobKey, now, version), cancellationToken);
        }
    }
}
