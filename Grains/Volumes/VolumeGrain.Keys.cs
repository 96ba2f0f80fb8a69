using Tidegate.BlockStore.Heads;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Volumes;

// Keys (docs/operating/keys.md): generations of the data key, and wrapping by the account's key.
internal sealed partial class VolumeGrain
{
    /// <inheritdoc />
    public async Task<int> RotateKey()
    {
        RequireOwner(Roles.Admins);
        // On a head that went back a generation may be given out a second time, and what was sealed under the first would open no more.
        await RebuildIfBehindAsync();
        var (head, keys) = await SaveChangeAsync(async (state, _) =>
        {
            if (state.Keys.Length >= VolumeMachine.MaxKeys)
            {
                throw new TidegateException(
                    ErrorCodes.LimitExceeded, $"The volume has {state.Keys.Length} keys, the most that it may.", "Copy the data into a new empty volume.");
            }

            var rotated = HeadMachine.RotateKey(HeadOf(state)).Head;
            var own = await VolumeKeys.MakeAsync(host.Keys, rotated.Lineage, rotated.KeyGeneration);
            WrappedLineageKey[] ring = [own, .. state.Keys];
            var keys = await VolumeKeys.UnwrapAsync(host.Keys, ring);
            var next = rotated.WithManifest(keys.Sealer).Above(state.ClaimedVersion);
            return new Change<VolumeState, (VolumeHead Head, VolumeKeys Keys)>(
                VolumeMachine.WithHead(state, next) with { Keys = ring }, (next, keys), new DomainEvent("volume.key-rotated", new { next.KeyGeneration, next.Epoch }));
        });
        // The epoch is the volume's from here on, and its manifest is in the bucket before anything can be sealed with the new key.
        await StoreManifestAsync(head, keys);
        await SettleQuietlyAsync();
        return head.KeyGeneration;
    }

    /// <inheritdoc />
    public async Task<int> RewrapKeys()
    {
        if (State.Keys.Length == 0) return 0;
        RequireAdmin();
        // The keys that a backup has may be under an account key that is gone; the bucket has them under the newest.
        await RebuildIfBehindAsync();
        var count = await SaveChangeAsync(async (state, _) =>
        {
            if (state.Keys.Length == 0 || await VolumeKeys.RewrapAsync(host.Keys, state.Keys) is not { } ring) return Change.None(state, 0);
            // The manifest goes first, under a version of its own, and the head names it: once the state is saved the account's old key may be
            // destroyed, and the bucket must do without it.
            var keys = await VolumeKeys.UnwrapAsync(host.Keys, ring);
            var next = await StoreClaimedManifestAsync(HeadMachine.Renew(HeadOf(state)).Head.WithManifest(keys.Sealer), keys);
            return new Change<VolumeState, int>(
                VolumeMachine.WithHead(state, next) with { Keys = ring }, 1, new DomainEvent("volume.keys-rewrapped", new { count = ring.Length }));
        });
        if (count > 0) await SettleQuietlyAsync();
        return count;
    }

    /// <summary>Keys are in manifests alone: a record is kept for ever, and would keep what is to be erased.</summary>
    protected override VolumeState RecordOf(VolumeState state) => state with { Keys = [] };

    private void RequireAdmin()
    {
        if (State is not { Head.Length: > 0, Specification: { } known }) throw Authorisation.NotFound(What);
        Authorisation.Require(Roles.Admins, known.AccountId, What);
    }
}
