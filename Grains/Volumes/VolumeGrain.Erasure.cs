using Tidegate.BlockStore.Manifests;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Records;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Keys;
using Tidegate.Grains.Snapshots;

namespace Tidegate.Grains.Volumes;

// Erasure (docs/operating/keys.md): the intention is saved, with the victims in the audit log; then every volume that descends from this one is
// erased, then its keys go, then its manifests and all its other blobs. What breaks off goes on with the next settling.
internal sealed partial class VolumeGrain
{
    // What a problem's words can hold; the whole list is asked for with ListEraseVictims.
    private const int MaxNamedVictims = 20;
    private const int PurgedAtOnce = 200;
    private const int MostUndeletable = 31;
    private const int SnapshotsAtOnce = 16;

    // Longer than a ticket, a call of an activation that has lost its place, or an item of work goes on storing.
    private static readonly TimeSpan PurgeGrace = TimeSpan.FromHours(1);

    /// <inheritdoc />
    public async Task<IReadOnlyList<string>> ListEraseVictims()
    {
        RequireAdmin();
        await RebuildIfBehindAsync();
        return await VictimsAsync();
    }

    /// <inheritdoc />
    public async Task Erase(IReadOnlyList<string> confirmed)
    {
        RequireAdmin();
        // A head that went back does not know who has taken its keys since.
        await RebuildIfBehindAsync();
        // What was confirmed is what is there when it is saved that the erasure begins: no cut and no pin comes in between.
        await SaveChangeAsync(async (state, now) =>
        {
            if (state.ErasureBegunAt is not null) return Change.Keep(state);
            var victims = await VictimsAsync();
            RequireExactly(victims, confirmed);
            return VolumeMachine.BeginErasure(state, victims, now);
        });
        await SettleQuietlyAsync();
        if (State.ErasedAt is null)
        {
            throw new TidegateException(
                ErrorCodes.Unavailable, $"The erasure of {What.ToLowerInvariant()} has begun, and not everything that holds its keys could be reached.", "It goes on by itself; ask again to see it ended.");
        }
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<string>> ListVictims()
    {
        if (State.Specification is null || State.ErasedAt is not null) return [];
        // One that is being made has taken keys and not saved them yet.
        if (State.Head.Length == 0) return [Key];
        await RebuildIfBehindAsync();
        var within = await VictimsAsync();
        return State.DeletedAt is null ? [Key, .. within] : within;
    }

    /// <inheritdoc />
    public async Task EraseWithOrigin(string originVolumeId)
    {
        if (State.Head.Length == 0) return;
        RequireAdmin();
        if (State.ErasedAt is not null || !Array.Exists(State.Keys, key => key.VolumeId == originVolumeId)) return;
        await RebuildIfBehindAsync();
        await SaveChangeAsync(async (state, now) =>
            state.ErasureBegunAt is null ? VolumeMachine.BeginErasure(state, await VictimsAsync(), now) : Change.Keep(state));
        await EraseKeysAsync();
        await SettleQuietlyAsync();
    }

    private async Task<TimeSpan?> SettleErasureAsync()
    {
        await EraseKeysAsync();
        if (State.IsPurged) return null;
        // First what holds wrapped keys.
        await HeadManifest.PruneAsync(host.Blobs, HeadOf(State).Lineage, long.MaxValue);
        var blobs = await host.Blobs.ListAsync($"{HeadOf(State).Lineage}/").Where(entry => !RecordArchive.IsRecord(entry.Key)).Take(PurgedAtOnce).ToListAsync();
        foreach (var entry in blobs) await host.Blobs.DeleteAsync(entry.Key);
        // Work that began before has the keys in memory, and may store something still.
        if (blobs.Count == PurgedAtOnce || !pool.EndedAsync(Key).IsCompleted) return TimeSpan.FromSeconds(1);
        if (State.ErasedAt + PurgeGrace - Now is { } left && left > TimeSpan.Zero) return left;
        await SaveChangeAsync((state, _) => Change.To(state with { IsPurged = true }));
        return null;
    }

    // Others first: while one of them fails the keys stay, and with them the list of who they are.
    private async Task EraseKeysAsync()
    {
        if (State.ErasedAt is not null) return;
        foreach (var clone in await ClonesAsync()) await GrainFactory.GetGrain<IVolumeKeyring>(clone).EraseWithOrigin(Key);
        // What is still to be said of snapshots goes first, so that theirs is the last word.
        await SettleSnapshotsAsync();
        foreach (var some in (await SnapshotsAsync()).Chunk(SnapshotsAtOnce))
            await Task.WhenAll(some.Select(snapshot => GrainFactory.GetGrain<IErasedSnapshot>(snapshot).Erased()));
        await SaveChangeAsync((state, now) => VolumeMachine.KeysErased(state, now));
        (_keys, _segments) = (null, null);
        await HeadManifest.PruneAsync(host.Blobs, HeadOf(State).Lineage, long.MaxValue);
    }

    private async Task<IReadOnlyList<string>> VictimsAsync()
    {
        if (State.ErasedAt is not null) return [];
        var victims = await SnapshotsAsync();
        foreach (var clone in await ClonesAsync()) victims.AddRange(await GrainFactory.GetGrain<IVolumeKeyring>(clone).ListVictims());
        return [.. victims.Distinct()];
    }

    private async Task<List<string>> SnapshotsAsync() =>
        await (await OpenCatalogueAsync(HeadOf(State))).ListSnapshotsAsync().Where(cut => !RecoveryPoints.IsKept(cut)).Select(snapshot => snapshot.SnapshotId).ToListAsync();

    private async Task<IReadOnlyList<string>> ClonesAsync() =>
        await (await OpenCatalogueAsync(HeadOf(State))).ListPinsAsync().Select(pin => pin.CloneVolumeId).ToListAsync();

    private static void RequireExactly(IReadOnlyList<string> victims, IReadOnlyList<string> confirmed)
    {
        if (victims.Except(confirmed, StringComparer.Ordinal).ToArray() is { Length: > 0 } missing)
            throw new TidegateException(ErrorCodes.InvalidState, $"Without the volume's keys these can never be read again: {Named(missing)}.", "Name every one of them to confirm, or delete them first.");
        if (confirmed.Except(victims, StringComparer.Ordinal).ToArray() is { Length: > 0 } others)
            throw new TidegateException(ErrorCodes.InvalidState, $"These do not depend on the volume's keys, or no longer: {Named(others)}.", "List the victims again and confirm exactly those.");
    }

    private static string Named(string[] ids) =>
        string.Join(", ", ids.Take(MaxNamedVictims).Select(id => $"'{id}'")) + (ids.Length > MaxNamedVictims ? $" and {ids.Length - MaxNamedVictims} more" : "");

    private TidegateException Erased() => new(ErrorCodes.NotFound, $"What {What.ToLowerInvariant()} stored was erased: its keys are destroyed.", "Use a snapshot of another volume.");
}
