using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>Somebody who reads a snapshot for days, from the image and the tables of the beginning, under a lease that is renewed in time.</summary>
internal sealed class SimulatedReader(SimulatedVolume volume, string snapshotId, string leaseId)
{
    private static readonly TimeSpan Term = TimeSpan.FromDays(1);

    private ImageDescriptor? _image;
    private SnapshotTruth? _truth;
    private DateTimeOffset _expiresAt;

    /// <summary>True while everything that it needs is held.</summary>
    internal bool IsHeld => _image is not null && volume.World.Now < _expiresAt;

    /// <summary>Reads image and tables as they are now: right once the lease is saved, and wrong before.</summary>
    internal void Look()
    {
        if (volume.Row is not { } row || Sync.Result(volume.OpenCatalogue(row.Head).FindSnapshotAsync(snapshotId)) is not { } snapshot) return;
        (_image, _truth) = (volume.Today(row, snapshot.Image), row.Truth.Snapshots[snapshotId]);
    }

    /// <summary>Takes the lease, in the volume and in all its origins, or renews it.</summary>
    internal void Lease()
    {
        var isFirst = _expiresAt == default;
        var taken = (LeaseRecord?)null;
        Put(
            volume,
            head => Sync.Result(ReadLeases.OfSnapshotAsync(head, snapshotId, leaseId, Term, volume.World.Now, volume.Segments, volume.Sealer)),
            lease =>
            {
                taken = lease;
                InOrigins(volume, () =>
                {
                    _expiresAt = taken!.ExpiresAt;
                    if (isFirst && !volume.World.Is(PlantedBug.LeaseAfterTheImage)) Look();
                });
            });
    }

    /// <summary>Reads all of it, from the bucket and nothing else.</summary>
    internal void Read()
    {
        var segments = new SegmentCache(volume.World.Bucket, volume.Keys);
        try
        {
            var reader = Sync.Result(ImageReader.OpenAsync(_image!, segments, SimulatedVolume.ReaderOptions));
            if (StoreChecks.Differs(reader, volume.World.Space, _truth!.Point.State, volume.World.Buffer) is { } difference)
                throw new Violation($"{volume.Id}: the reader of {snapshotId}: {difference} (I4)");
        }
        catch (BlobNotFoundException missing)
        {
            throw new Violation($"{volume.Id}: the reader of {snapshotId} holds a lease, and {missing.Key} is gone (I5)");
        }
        volume.World.Happened(volume.Row!.Truth.Snapshots.ContainsKey(snapshotId) ? "a lease is read under" : "a lease outlives its snapshot", $"{volume.Id}: {snapshotId}");
    }

    private void InOrigins(SimulatedVolume clone, Action done)
    {
        if (clone.Origin is not { } origin) done();
        else
            Put(
                origin,
                head => Sync.Result(ReadLeases.OfPinAsync(head, clone.Id, leaseId, Term, volume.World.Now, origin.Segments, origin.Sealer)),
                _ => InOrigins(origin, done));
    }

    private static void Put(SimulatedVolume at, Func<VolumeHead, (LeaseRecord Lease, CatalogueUpdate Update)?> prepare, Action<LeaseRecord> saved)
    {
        LeaseRecord? lease = null;
        at.ChangeCatalogue("a lease", head =>
        {
            var taken = prepare(head);
            lease = taken?.Lease;
            return taken?.Update;
        }, () =>
        {
            if (lease is not null) saved(lease);
        });
    }
}
