using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Security;
using Tidegate.Grains.Volumes.Work;

namespace Tidegate.Grains.Volumes;

// Recovery points (docs/formats/reclaim.md, Recovery window): the list of them, and snapshots and clones made of one. The pool finds the point and
// holds it in the save that it prepares.
internal sealed partial class VolumeGrain
{
    private const int MaxListedPoints = 1000;

    /// <inheritdoc />
    public async Task<RecoveryPointPage> ListRecoveryPoints(long after, int max)
    {
        RequireOwner(Roles.Readers);
        if (after < 0) throw Arguments.Invalid($"There is no recovery point {after}.");
        if (max is < 1 or > MaxListedPoints) throw Arguments.Invalid($"A page holds 1 to {MaxListedPoints} recovery points, not {max}.");
        var head = HeadOf(State);
        var keys = await KeysAsync();
        // Away from the grain's turns: pages of the catalogue are read and decoded.
        return await Task.Run(() => ListPointsAsync(head, new SegmentCache(new BlobStoreSource(host.Blobs), keys.Ring, CacheBytes), after, max));
    }

    /// <inheritdoc />
    public async Task<SnapshotDescription> CreateSnapshotOfPoint(string snapshotId, string description, RecoveryPointSelector point)
    {
        RequireOwner(Roles.Uploaders);
        PointLookup.Check(point);
        if (await HandedOverAsync(snapshotId) is { } known) return known;
        var pending = await SaveChangeAsync((state, now) => VolumeMachine.RequestSnapshotOfPoint(state, HeadOf(state), snapshotId, description, now));
        if (!pending.IsFinal) await TakePointAsync(snapshotId, point);
        await SettleQuietlyAsync();
        return await HandedOverAsync(snapshotId) ?? DescriptionOf(VolumeMachine.Find(State, snapshotId) ?? pending);
    }

    /// <inheritdoc />
    public async Task<CloneOrigin> PinPointForClone(RecoveryPointSelector point, string cloneVolumeId)
    {
        RequireOwner(Roles.Admins);
        PointLookup.Check(point);
        var work = new PointPinWork(Key, cloneVolumeId, point);
        await pool.RunAsync(Key, work);
        await SettleQuietlyAsync();
        var pin = await (await OpenCatalogueAsync(HeadOf(State))).FindPinAsync(cloneVolumeId)
            ?? throw new TidegateException(ErrorCodes.Unavailable, $"The pin for {cloneVolumeId} was released meanwhile.", "Try again.");
        return new CloneOrigin(pin.Image.Encode(), pin.Image.SizeBytes, State.Keys) { Point = work.Point };
    }

    private async Task TakePointAsync(string snapshotId, RecoveryPointSelector point)
    {
        try
        {
            await pool.RunAsync(Key, new PointSnapshotWork(snapshotId, point));
        }
        catch (TidegateException refused) when (refused.Code != ErrorCodes.Unavailable)
        {
            // There is no such point: as if nothing had been asked for.
            await ChangeAsync((state, _) => VolumeMachine.AbandonSnapshot(state, snapshotId, refused.Message));
            throw;
        }
    }

    private static async Task<RecoveryPointPage> ListPointsAsync(VolumeHead head, SegmentCache segments, long after, int max)
    {
        var catalogue = new CatalogueEdit(head, segments);
        var window = await catalogue.GetWindowAsync();
        // Without a window yet it is the tail.
        var first = await RecoveryPointList.FindFromAsync(head, catalogue, window?.FromSequence ?? head.BaseSequence + 1, segments);
        var last = await RecoveryPointList.FindFromAsync(head, catalogue, head.CommittedSequence, segments);
        var points = await RecoveryPointList.ListAsync(head, catalogue, after, segments).Take(max + 1).Select(Of).ToListAsync();
        var next = points.Count > max ? points[max - 1].Sequence : (long?)null;
        return new RecoveryPointPage(first is null ? null : Of(first), last is null ? null : Of(last), next is null ? points : points[..max], next);
    }

    private static VolumeRecoveryPoint Of(RecoveryPoint point) => new(point.Sequence, point.CommittedAt, point.HostTime, point.IsKept);
}
