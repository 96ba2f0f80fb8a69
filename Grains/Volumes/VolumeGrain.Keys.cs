using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Manifests;
using Tidegate.BlockStore.Records;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Keys;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Volumes;

// Keys (docs/formats/overview.md, Keys): generations of the data key, wrapping by the account's key, and erasure.
internal sealed partial class VolumeGrain
{
    // What a problem's words can hold; the whole list is asked for with ListEraseVictims.
    private const int MaxNamedVictims = 20;
    private const int PurgedAtOnce = 200;

    /// <inheritdoc />
    public async Task<int> RotateKey()
    {
        RequireOwner();
        var head = await SaveChangeAsync(async (state, _) =>
        {
            if (state.Keys.Length >= VolumeMachine.MaxKeys)
            {
                throw new TidegateException(
                    ErrorCodes.LimitExceeded, $"The volume has {state.Keys.Length} keys, the most that it may.", "Copy the data into a new empty volume.");
            }

            var next = HeadMachine.RotateKey(HeadOf(state)).Head;
            var key = await VolumeKeys.MakeAsync(host.Keys, next.Lineage, next.KeyGeneration);
            return new Change<VolumeState, VolumeHead>(
                VolumeMachine.WithHead(state, next) with { Keys = [key, .. state.Keys] }, next, new DomainEvent("volume.key-rotated", new { next.KeyGeneration, next.Epoch }));
        });
        ForgetKeys();
        // The epoch is the volume's from here on, and its manifest is in the bucket before anything can be sealed with the new key.
        await StoreManifestAsync(head, await KeysAsync());
        await SettleQuietlyAsync();
        return head.KeyGeneration;
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<string>> ListEraseVictims()
    {
        RequireAccount();
        return State.ErasedAt is null ? await VictimsAsync() : [];
    }

    /// <inheritdoc />
    public async Task Erase(IReadOnlyList<string> confirmed)
    {
        RequireAccount();
        if (State.ErasedAt is not null) return;
        var victims = await VictimsAsync();
        if (victims.Except(confirmed, StringComparer.Ordinal).ToArray() is { Length: > 0 } missing)
        {
            var named = string.Join(", ", missing.Take(MaxNamedVictims)) + (missing.Length > MaxNamedVictims ? $" and {missing.Length - MaxNamedVictims} more" : "");
            throw new TidegateException(ErrorCodes.InvalidState, $"Without the volume's keys these can never be read again: {named}.", "Name every one of them to confirm, or delete them first.");
        }

        // First the volume leaves its gateway, then whoever holds a copy of the keys forgets it, and at last the volume itself.
        await ChangeAsync(VolumeMachine.Delete);
        foreach (var clone in await ListDescendants()) await GrainFactory.GetGrain<IVolumeKeyring>(clone).ForgetLineage(Key);
        await SaveChangeAsync((state, now) => state.ErasedAt is not null
            ? Change.Keep(state)
            : Change.To(state with { Keys = [], ErasedAt = now }, new DomainEvent("volume.erased", new { victims = victims.Count })));
        ForgetKeys();
        await HeadManifest.PruneAsync(host.Blobs, HeadOf(State).Lineage, long.MaxValue);
        await SettleQuietlyAsync();
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<string>> ListDescendants()
    {
        if (State.Keys.Length == 0) return [];
        var found = new List<string>();
        var pins = await (await OpenCatalogueAsync(HeadOf(State))).ListPinsAsync().Select(pin => pin.CloneVolumeId).ToListAsync();
        foreach (var clone in pins)
        {
            found.Add(clone);
            found.AddRange(await GrainFactory.GetGrain<IVolumeKeyring>(clone).ListDescendants());
        }

        return [.. found.Distinct()];
    }

    /// <inheritdoc />
    public async Task<int> RewrapKeys()
    {
        var renewed = await SaveChangeAsync(async (state, _) =>
        {
            if (state.Keys.Length == 0 || await VolumeKeys.RewrapAsync(host.Keys, state.Keys) is not { } keys) return Change.None(state, (VolumeHead?)null);
            return await RenewedAsync(state, keys, new DomainEvent("volume.keys-rewrapped", new { count = keys.Length }));
        });
        return await KeysRenewedAsync(renewed);
    }

    /// <inheritdoc />
    public async Task ForgetLineage(string volumeId)
    {
        var renewed = await SaveChangeAsync(async (state, _) =>
        {
            var keys = state.Keys.Where(key => key.VolumeId != volumeId).ToArray();
            if (keys.Length == state.Keys.Length) return Change.None(state, (VolumeHead?)null);
            return await RenewedAsync(state, keys, new DomainEvent("volume.lineage-erased", new { volumeId }));
        });
        await KeysRenewedAsync(renewed);
    }

    /// <summary>Keys are in manifests alone: a record is kept for ever, and would keep what is to be erased.</summary>
    protected override VolumeState RecordOf(VolumeState state) => state with { Keys = [] };

    // The manifest goes first, under a version of its own: whichever counts, its keys open.
    private async Task<Change<VolumeState, VolumeHead?>> RenewedAsync(VolumeState state, WrappedLineageKey[] keys, DomainEvent happened)
    {
        var next = HeadMachine.Renew(HeadOf(state)).Head;
        await StoreManifestAsync(next, await VolumeKeys.UnwrapAsync(host.Keys, keys));
        return new Change<VolumeState, VolumeHead?>(VolumeMachine.WithHead(state, next) with { Keys = keys }, next, happened);
    }

    private async Task<int> KeysRenewedAsync(VolumeHead? renewed)
    {
        if (renewed is null) return 0;
        ForgetKeys();
        // Older ones hold the keys as they were.
        await HeadManifest.PruneAsync(host.Blobs, renewed.Lineage, renewed.Version);
        await SettleQuietlyAsync();
        return 1;
    }

    private async Task<IReadOnlyList<string>> VictimsAsync()
    {
        var snapshots = await (await OpenCatalogueAsync(HeadOf(State))).ListSnapshotsAsync().Select(snapshot => snapshot.SnapshotId).ToListAsync();
        return [.. snapshots, .. await ListDescendants()];
    }

    // Blobs that nobody can read any more, in pieces that fit a turn of settling.
    private async Task<TimeSpan?> PurgeAsync()
    {
        // Work that began before has the keys in memory, and may store something still.
        if (!pool.EndedAsync(Key).IsCompleted) return TimeSpan.FromSeconds(1);
        var prefix = $"{HeadOf(State).Lineage}/";
        var blobs = await host.Blobs.ListAsync(prefix).Where(entry => !RecordArchive.IsRecord(entry.Key)).Take(PurgedAtOnce).ToListAsync();
        foreach (var entry in blobs) await host.Blobs.DeleteAsync(entry.Key);
        if (blobs.Count == PurgedAtOnce) return TimeSpan.FromSeconds(1);
        await SaveChangeAsync((state, _) => Change.To(state with { IsPurged = true }));
        return null;
    }

    private void ForgetKeys() => (_keys, _segments) = (null, null);

    private void RequireAccount()
    {
        if (State is not { Head.Length: > 0, Specification: { } known }) throw Authorisation.NotFound(What);
        Authorisation.RequireAccount(known.AccountId, What);
    }
}
