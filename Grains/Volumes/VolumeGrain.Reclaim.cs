using Tidegate.BlockStore.Records;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Security;
using Tidegate.Grains.Volumes.Work;

namespace Tidegate.Grains.Volumes;

// Giving space back (docs/formats/reclaim.md): the pool does the work, this says when, and answers for the volume.
internal sealed partial class VolumeGrain
{
    private const int MaxEstimated = 64;

    private DateTimeOffset _reclaimedAt = DateTimeOffset.MinValue;

    /// <inheritdoc />
    public async Task<VolumeReclaimEstimate> EstimateReclaim(IReadOnlyList<string> snapshotIds)
    {
        RequireOwnerOfData(Roles.Readers);
        if (snapshotIds.Count is 0 or > MaxEstimated) throw Arguments.Invalid($"An estimate is for 1 to {MaxEstimated} snapshots.");
        var work = new EstimateWork([.. snapshotIds]);
        await pool.RunAsync(Key, work);
        return new VolumeReclaimEstimate(work.Estimate!.Bytes, work.Estimate.IsAtLeast) { Waiting = work.Estimate.Waiting };
    }

    /// <inheritdoc />
    public Task<VolumeRetention> GetRetention()
    {
        RequireOwner(Roles.Readers);
        return Task.FromResult(State.Retention ?? VolumeMachine.DefaultRetention);
    }

    /// <inheritdoc />
    public async Task SetRetention(VolumeRetention retention)
    {
        RequireOwner(Roles.Admins);
        await ChangeAsync((state, _) => VolumeMachine.Retain(state, retention));
        StartReclaim();
    }

    /// <inheritdoc />
    public async Task DeleteSnapshot(string snapshotId)
    {
        RequireOwnerOfData(Roles.Admins);
        if (VolumeMachine.Find(State, snapshotId) is { IsFinal: false })
            throw new TidegateException(ErrorCodes.InvalidState, $"Snapshot {snapshotId} is still being taken.", "Wait until it is complete, then delete it.");
        // The catalogue of one that is being erased goes as a whole.
        if (State.ErasureBegunAt is not null) return;
        await pool.RunAsync(Key, new SnapshotDeletionWork(snapshotId));
        await ChangeAsync((state, _) => VolumeMachine.SnapshotDeleted(state, snapshotId));
    }

    /// <inheritdoc />
    public Task<CloneStanding> GetCloneStanding() => Task.FromResult(VolumeMachine.StandingOf(State));

    /// <inheritdoc />
    public async Task ReleasePin(string cloneVolumeId)
    {
        if (State is { Head.Length: > 0, ErasureBegunAt: null }) await pool.RunAsync(Key, new PinReleaseWork(GrainFactory, cloneVolumeId));
    }

    /// <inheritdoc />
    public async Task Drained()
    {
        await SaveChangeAsync((state, now) => VolumeMachine.Drained(state, HeadOf(state), now));
        // A worker waits for this, and settling waits for work on the origin: with every worker waiting so, none would be left to do it.
        _ = SettleQuietlyAsync();
    }

    private void RequireOwnerOfData(IReadOnlyList<Role> roles)
    {
        // A deleted volume's snapshots stay until they are deleted themselves.
        if (State is not { Head.Length: > 0, Specification: { } known }) throw Authorisation.NotFound(What);
        Authorisation.Require(roles, known.AccountId, What, Key);
    }

    // Looks at the volume now and then, and after whatever may have left something to free. Returns when to look again.
    private async Task<TimeSpan?> SettleReclaimAsync()
    {
        if (State.IsDrained && HeadOf(State).Catalogue is null) return await SettleRemnantsAsync();
        if (State.DeletedAt is not null && HeadOf(State).Tail.Count > 0) StartFold();
        if (Now - _reclaimedAt >= host.Reclaim.Every) StartReclaim();
        if (Now - (State.AuditedAt ?? State.CreatedAt) >= host.Reclaim.AuditEvery)
        {
            // Said before it is done: one that fails does so in the same place again, and is in the log.
            await SaveChangeAsync((state, now) => VolumeMachine.Audited(state, now));
            pool.TryStart(Key, new AuditWork(GrainFactory, host.Reclaim, _log));
        }

        return host.Reclaim.Every;
    }

    // The last manifest says that nothing is left, and goes last.
    private async Task<TimeSpan?> SettleRemnantsAsync()
    {
        if (State.Remnants.Length == 0) return null;
        var left = State.RemnantsAt + host.Reclaim.Grace - Now;
        if (left > TimeSpan.Zero) return left;
        // A bucket that knows more than the head is not emptied by what the head knows.
        if (await IsBehindBucketAsync(State)) return host.Reclaim.Every;
        var failures = new List<Exception>();
        await DeleteEachAsync(State.Remnants, failures);
        var manifest = HeadOf(State).Manifest;
        // What no catalogue ever knew: uploads that were never committed, and blobs of saves that never happened. Nobody can commit, save or audit them any more.
        var orphans = await host.Blobs.ListAsync($"{HeadOf(State).Lineage}/")
            .Where(entry => !RecordArchive.IsRecord(entry.Key) && entry.Key != manifest?.BlobKey && !State.Remnants.Contains(entry.Key)).Take(PurgedAtOnce).ToListAsync();
        await DeleteEachAsync(orphans.Select(static entry => entry.Key), failures);
        if (failures.Count > 0)
            throw new IOException($"{failures.Count} of the blobs that {What} left could not be deleted, and are tried again. The first: {failures[0].Message}", failures[0]);
        if (orphans.Count == PurgedAtOnce) return TimeSpan.FromSeconds(1);
        if (manifest is not null) await host.Blobs.DeleteAsync(manifest.BlobKey);
        await SaveChangeAsync((state, _) => VolumeMachine.Gone(state));
        return null;
    }

    // One that cannot be deleted holds no other up. A store that deletes nothing is not asked for all of them.
    private async Task DeleteEachAsync(IEnumerable<string> keys, List<Exception> failures)
    {
        foreach (var key in keys)
        {
            try
            {
                await host.Blobs.DeleteAsync(key);
            }
            catch (Exception failure) when (failures.Count < MostUndeletable)
            {
                failures.Add(failure);
            }
        }
    }

    // An origin is told once nothing of its clone is held, or can be read, any more.
    private async Task SettleOriginAsync()
    {
        if (State.IsOriginReleased || VolumeMachine.StandingOf(State) != CloneStanding.Gone) return;
        if (OriginVolumeId is { } origin) await GrainFactory.GetGrain<IVolumeLineage>(origin).ReleasePin(Key);
        await SaveChangeAsync((state, _) => VolumeMachine.OriginReleased(state));
    }

    private void StartReclaim()
    {
        if (State.Head.Length == 0 || State.ErasureBegunAt is not null) return;
        _reclaimedAt = Now;
        pool.TryStart(Key, new ReclaimWork(GrainFactory, host.Reclaim, _log));
    }

    private string? OriginVolumeId => State.Keys.FirstOrDefault(key => key.VolumeId != Key)?.VolumeId;
}
