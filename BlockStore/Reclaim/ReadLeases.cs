using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// Leases of readers (<c>docs/formats/reclaim.md</c>, Leases). One is saved first, and then the image and the relocation tables are read that the
/// reader goes by: whatever is dropped, moved or condemned by a later save stays where it is while the lease lives.
/// </summary>
public static class ReadLeases
{
    /// <summary>Most leases of a volume.</summary>
    public const int Most = 64;

    /// <summary>How long the service's live that are not renewed.</summary>
    public static readonly TimeSpan Term = TimeSpan.FromMinutes(30);

    /// <summary>
    /// Prepares a lease on a snapshot, or the renewal of the one that there is, whatever became of its snapshot. Null when there is neither.
    /// </summary>
    /// <exception cref="LeaseLimitException">The volume has <see cref="Most"/> leases.</exception>
    /// <exception cref="LeaseTakenException">The lease is on something else.</exception>
    public static async Task<(LeaseRecord Lease, CatalogueUpdate Update)?> OfSnapshotAsync(
        VolumeHead head, string snapshotId, string leaseId, TimeSpan term, DateTimeOffset now, SegmentCache segments,
        LineageSealer sealer, CancellationToken cancellationToken = default)
    {
        var catalogue = new CatalogueEdit(head, segments);
        var held = await catalogue.FindSnapshotAsync(snapshotId, cancellationToken) is { } snapshot
            ? (snapshot.BaseSequence, snapshot.Sequence, snapshot.Image)
            : ((long, long, ImageDescriptor)?)null;
        return await PutAsync(head, catalogue, held, leaseId, term, now, sealer, cancellationToken);
    }

    /// <summary>The same in an origin, for the reader of a clone: on what the clone's pin holds. Null when the clone has no pin.</summary>
    /// <exception cref="LeaseLimitException">The volume has <see cref="Most"/> leases.</exception>
    /// <exception cref="LeaseTakenException">The lease is on something else.</exception>
    public static async Task<(LeaseRecord Lease, CatalogueUpdate Update)?> OfPinAsync(
        VolumeHead head, string cloneVolumeId, string leaseId, TimeSpan term, DateTimeOffset now, SegmentCache segments,
        LineageSealer sealer, CancellationToken cancellationToken = default)
    {
        var catalogue = new CatalogueEdit(head, segments);
        var held = await catalogue.FindPinAsync(cloneVolumeId, cancellationToken) is { } pin
            ? (pin.FromSequence, pin.Sequence, pin.Image)
            : ((long, long, ImageDescriptor)?)null;
        return await PutAsync(head, catalogue, held, leaseId, term, now, sealer, cancellationToken);
    }

    /// <summary>Prepares the end of a lease before its time: it expires now, and housekeeping frees what it held. Null when it has none left.</summary>
    public static async Task<CatalogueUpdate?> EndAsync(
        VolumeHead head, string leaseId, DateTimeOffset now, SegmentCache segments, LineageSealer sealer, CancellationToken cancellationToken = default)
    {
        var catalogue = new CatalogueEdit(head, segments);
        if (await catalogue.FindLeaseAsync(leaseId, cancellationToken) is not { } lease || lease.ExpiresAt <= now) return null;
        await catalogue.PutLeaseAsync(lease with { ExpiresAt = now }, cancellationToken);
        return await catalogue.SealAsync(sealer, head.Version + 1, now, cancellationToken);
    }

    /// <summary>
    /// The newest head version whose condemned blobs no reader may still go by; <see cref="long.MaxValue"/> without leases. One that has run out
    /// counts until housekeeping has taken it out of the catalogue: the head may be an old one, and the lease renewed since.
    /// </summary>
    internal static async Task<long> FenceAsync(CatalogueEdit catalogue, CancellationToken cancellationToken)
    {
        var fence = long.MaxValue;
        await foreach (var lease in catalogue.ListLeasesAsync(cancellationToken))
            fence = Math.Min(fence, lease.Version);
        return fence;
    }

    private static async Task<(LeaseRecord Lease, CatalogueUpdate Update)?> PutAsync(
        VolumeHead head, CatalogueEdit catalogue, (long From, long Through, ImageDescriptor Image)? held, string leaseId, TimeSpan term,
        DateTimeOffset now, LineageSealer sealer, CancellationToken cancellationToken)
    {
        var lease = await catalogue.FindLeaseAsync(leaseId, cancellationToken);
        if (lease is null || lease.ExpiresAt <= now)
        {
            // What one that has ended held may be gone: its reader begins again, under another id and with the image of today.
            if (lease is not null || held is not { } image) return null;
            if (await catalogue.ListLeasesAsync(cancellationToken).CountAsync(cancellationToken) >= Most)
                throw new LeaseLimitException(head.Lineage);
            lease = new LeaseRecord(leaseId, image.From, image.Through, image.Image, now, head.Version + 1);
        }
        // One that was deleted meanwhile cannot be told from another that was; what the lease holds, it holds.
        else if (held is { } other && other.Through != lease.ThroughSequence)
        {
            throw new LeaseTakenException(head.Lineage, leaseId);
        }
        lease = lease with { ExpiresAt = now + term };
        await catalogue.PutLeaseAsync(lease, cancellationToken);
        return (lease, await catalogue.SealAsync(sealer, head.Version + 1, now, cancellationToken));
    }
}
