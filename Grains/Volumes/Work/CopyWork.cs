using Microsoft.Extensions.Logging;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Copying;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Snapshots.Offers;
using Tidegate.Grains.Volumes.Copies;

namespace Tidegate.Grains.Volumes.Work;

/// <summary>
/// Copies a unit of an offered snapshot into the lineage of its copy, from where the lineage's head is: the grain commits it, and asks for the next. Kept
/// over units, because it holds the lease on the source and what it has opened of it. Before each unit the offer and the snapshot must still be there.
/// </summary>
internal sealed partial class CopyWork(string copyId, CopyRequest request, IGrainFactory grains, VolumeServices host, ILogger log) : IVolumeWork
{
    private const long CacheBytes = 16 << 20;
    private const long PageBytes = 8 << 20;
    private const string SourceGone = "The snapshot was deleted or erased by its owner.";
    private const string SourceDamaged = "Stored data of the snapshot is damaged or missing. Its owner can have the store verified.";

    private ImageReader? _source;
    private DateTimeOffset _renewAt;
    private string _leaseId = "";

    /// <inheritdoc />
    public string Kind => "copy";

    /// <inheritdoc />
    public async Task<PreparedChange?> PrepareAsync(WorkContext context, CancellationToken cancellationToken)
    {
        if (context.IsDeleted) return null;
        var copy = grains.GetGrain<IVolumeCopy>(copyId);
        try
        {
            await CopyAsync(copy, context, cancellationToken);
        }
        catch (CopyRefusedException refused)
        {
            await copy.FailCopy(refused.Message);
            await EndLeaseAsync();
        }
        catch (Exception damage) when (damage is CorruptDataException or BlobNotFoundException or MissingKeyException)
        {
            // What exactly is damaged is the other account's affair, and the operator's.
            LogDamaged(log, damage, copyId, request.SourceSnapshotId);
            await copy.FailCopy(SourceDamaged);
            await EndLeaseAsync();
        }

        return null;
    }

    private async Task CopyAsync(IVolumeCopy copy, WorkContext context, CancellationToken cancellationToken)
    {
        var terms = grains.GetGrain<IOfferTerms>(request.OfferId);
        Require(await terms.GetRefusal(copyId));
        var source = await OpenAsync(context, cancellationToken);
        var unit = await new ImageCopy(source, context.Sealer, context.PutAsync) { UnitSegments = host.Copies.UnitSegments, SegmentBlocks = host.Copies.SegmentBlocks }
            .RunAsync(context.Head, request.SnapshotId, request.PointAt ?? context.Terms.Now, cancellationToken);
        // Only what was there to be copied, to the end, is completed; and from here on it cannot be taken back.
        await RequireSourceAsync();
        if (unit.IsLast) Require(await terms.Conclude(copyId));
        if (!await copy.CommitCopied([.. unit.Segments.Select(ToCommit)], unit.DataBytes) || unit.IsLast) await EndLeaseAsync();
    }

    private async Task<ImageReader> OpenAsync(WorkContext context, CancellationToken cancellationToken)
    {
        await RequireSourceAsync();
        if (_source is not null && context.Terms.Now < _renewAt) return _source;
        // One that ran out is not renewed: what it held may be gone, and the image is read anew.
        var isRenewal = _source is not null && context.Terms.Now < _renewAt + (ReadLeases.Term / 4);
        if (!isRenewal) (_source, _leaseId) = (null, ResourceId.New(ResourceKind.Request));
        var volume = grains.GetGrain<IVolumeSnapshots>(request.SourceVolumeId);
        var leased = await FoundAsync(() => volume.LeaseSnapshot(request.SourceSnapshotId, _leaseId));
        _renewAt = context.Terms.Now + (ReadLeases.Term / 2);
        if (_source is not null) return _source;
        var ring = (await VolumeKeys.UnwrapAsync(host.Keys, leased.Image.Keys)).Ring;
        return _source = await ImageReader.OpenAsync(
            ImageDescriptor.Decode(leased.Image.Descriptor), new SegmentCache(new BlobStoreSource(context.Blobs), ring, CacheBytes),
            new ImageReaderOptions { MaxPageBytes = PageBytes }, cancellationToken);
    }

    private Task RequireSourceAsync() => FoundAsync(grains.GetGrain<ISnapshotGrain>(request.SourceSnapshotId).Describe);

    // It runs out by itself where this does not get through.
    private async Task EndLeaseAsync()
    {
        if (_leaseId.Length == 0) return;
        try
        {
            await grains.GetGrain<IVolumeSnapshots>(request.SourceVolumeId).EndLease(_leaseId);
        }
        catch (Exception failure)
        {
            LogLeaseNotEnded(log, failure, copyId);
        }
    }

    private static async Task<T> FoundAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (TidegateException missing) when (missing.Code == ErrorCodes.NotFound)
        {
            throw new CopyRefusedException(SourceGone);
        }
    }

    private static void Require(string? refusal)
    {
        if (refusal is not null) throw new CopyRefusedException(refusal);
    }

    private static SegmentCommit ToCommit(SegmentClaim claim) => new(
        claim.Sequence, claim.BlobKey, claim.LogStart, claim.LogEnd, claim.PreviousDigest.ToArray(), claim.Digest.ToArray(), claim.LengthBytes,
        claim.FrameBytes, claim.HostTimeEnd, claim.HostTimeEnd, claim.SnapshotIds, "");

    private sealed class CopyRefusedException(string reason) : Exception(reason);

    [LoggerMessage(181, LogLevel.Error, "Copy {Copy} cannot be made: stored data of snapshot {Snapshot} is damaged")]
    private static partial void LogDamaged(ILogger log, Exception damage, string copy, string snapshot);

    [LoggerMessage(182, LogLevel.Warning, "The lease that copy {Copy} had on its source could not be ended; it runs out by itself")]
    private static partial void LogLeaseNotEnded(ILogger log, Exception failure, string copy);
}
