using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Reclaim;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Volumes;

// Leases of readers (docs/formats/reclaim.md, Leases): saved here and in all origins, and only then is the image given out.
internal sealed partial class VolumeGrain
{
    /// <inheritdoc />
    public async Task<LeasedImage> LeaseSnapshot(string snapshotId, string leaseId)
    {
        // A deleted volume's snapshots stay readable, so deletion does not matter here.
        if (State.Head.Length == 0) throw Authorisation.NotFound($"Snapshot {snapshotId}");
        Authorisation.Require(Roles.Readers, State.Specification!.AccountId, $"Snapshot {snapshotId}", Key);
        var lease = await LeaseAsync(
                async (head, now) => await ReadLeases.OfSnapshotAsync(head, snapshotId, leaseId, ReadLeases.Term, now, await SegmentsAsync(), (await KeysAsync()).Sealer))
            ?? throw Authorisation.NotFound($"Snapshot {snapshotId}");
        if (OriginVolumeId is { } origin) await GrainFactory.GetGrain<IVolumeLineage>(origin).LeaseForClone(Key, leaseId);
        return new LeasedImage(new StoredImage((await ReadableAsync(lease.Image)).Encode(), State.Keys), lease.ExpiresAt);
    }

    /// <inheritdoc />
    public async Task LeaseForClone(string cloneVolumeId, string leaseId)
    {
        if (State.Head.Length == 0) throw Authorisation.NotFound(What);
        // The bounds of the caller were looked at where the snapshot is that it reads; what that was made from is read with it.
        Authorisation.Require(Roles.Readers, State.Specification!.AccountId, What, null);
        // A clone without a pin has let go of its origin: there is nothing here that its reader could need.
        var lease = await LeaseAsync(
            async (head, now) => await ReadLeases.OfPinAsync(head, cloneVolumeId, leaseId, ReadLeases.Term, now, await SegmentsAsync(), (await KeysAsync()).Sealer));
        if (lease is not null && OriginVolumeId is { } origin) await GrainFactory.GetGrain<IVolumeLineage>(origin).LeaseForClone(Key, leaseId);
    }

    /// <inheritdoc />
    public async Task EndLease(string leaseId)
    {
        if (State.Head.Length == 0) return;
        Authorisation.Require(Roles.Readers, State.Specification!.AccountId, What, Key);
        await EndLeaseForClone(leaseId);
    }

    /// <inheritdoc />
    public async Task EndLeaseForClone(string leaseId)
    {
        if (State.Head.Length == 0 || State.ErasureBegunAt is not null) return;
        await SaveChangeAsync(async (state, now) =>
        {
            var head = HeadOf(state);
            var update = await ReadLeases.EndAsync(head, leaseId, now, await SegmentsAsync(), (await KeysAsync()).Sealer);
            return update is null ? Change.Keep(state) : Change.To(await WithCatalogueAsync(state, head, update));
        });
        StartReclaim();
        if (OriginVolumeId is { } origin) await GrainFactory.GetGrain<IVolumeLineage>(origin).EndLeaseForClone(leaseId);
    }

    private async Task<LeaseRecord?> LeaseAsync(Func<VolumeHead, DateTimeOffset, Task<(LeaseRecord Lease, CatalogueUpdate Update)?>> prepare)
    {
        try
        {
            return await SaveChangeAsync(async (state, now) =>
            {
                if (state.ErasureBegunAt is not null) throw Erased();
                var head = HeadOf(state);
                return await prepare(head, now) is not { } taken
                    ? Change.None(state, (LeaseRecord?)null)
                    : new Change<VolumeState, LeaseRecord?>(await WithCatalogueAsync(state, head, taken.Update), taken.Lease);
            });
        }
        catch (LeaseTakenException taken)
        {
            throw new TidegateException(ErrorCodes.InvalidArgument, taken.Message, "Use a fresh id for each snapshot that is read.");
        }
        catch (LeaseLimitException full)
        {
            throw new TidegateException(ErrorCodes.LimitExceeded, full.Message, "Wait until one has done; a lease that is not renewed runs out after half an hour.");
        }
    }

    private async Task<VolumeState> WithCatalogueAsync(VolumeState state, VolumeHead head, CatalogueUpdate update) =>
        VolumeMachine.WithHead(state, await StoreAsync(head, HeadMachine.ChangeCatalogue(head, update)));
}
