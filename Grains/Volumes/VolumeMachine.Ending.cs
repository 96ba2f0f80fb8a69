using Tidegate.BlockStore.Heads;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Volumes;

// Deletion, retention and what is left of a volume.
internal static partial class VolumeMachine
{
    /// <summary>Deletes: pending snapshots fail; gateway and name are still to be released.</summary>
    public static Change<VolumeState, VolumeState> Delete(VolumeState state, DateTimeOffset now)
    {
        if (state.DeletedAt is not null) return Change.Keep(state);
        var snapshots = state.Snapshots.Select(pending => pending.IsEnded
            ? pending
            : pending with { Stage = PendingStage.Failed, FailureReason = "The volume was deleted." }).ToArray();
        return Change.To(state with { DeletedAt = now, Snapshots = snapshots }, new DomainEvent("volume.deleted"));
    }

    /// <summary>Gateway and name have let go.</summary>
    public static Change<VolumeState, VolumeState> Released(VolumeState state) => Change.To(state with { IsReleased = true });

    /// <summary>What of the past is kept changes.</summary>
    public static Change<VolumeState, VolumeState> Retain(VolumeState state, VolumeRetention retention)
    {
        if (retention.Window < TimeSpan.Zero || retention.Window > MaxWindow) throw Arguments.Invalid($"The recovery window is 0 to {MaxWindow.Days} days.");
        if (retention.ThinEvery < TimeSpan.Zero || retention.ThinEvery > MaxWindow || (retention.ThinEvery > TimeSpan.Zero && retention.ThinEvery < MinThinning))
            throw Arguments.Invalid($"Points are thinned to one in {MinThinning.TotalMinutes} minutes to {MaxWindow.Days} days, or to none with 0.");
        if (retention.ThinFor < TimeSpan.Zero || retention.ThinFor > MaxThinnedAge) throw Arguments.Invalid($"Thinned points are kept for 0 to {MaxThinnedAge.Days} days.");
        return state.Retention == retention ? Change.Keep(state) : Change.To(state with { Retention = retention }, new DomainEvent("volume.retention-set", retention));
    }

    /// <summary>A snapshot is out of the catalogue.</summary>
    public static Change<VolumeState, VolumeState> SnapshotDeleted(VolumeState state, string snapshotId) =>
        Change.To(state with { Snapshots = [.. state.Snapshots.Where(pending => pending.SnapshotId != snapshotId)] }, new DomainEvent("volume.snapshot-deleted", new { snapshotId }));

    /// <summary>Nothing is held of a deleted volume any more. One that never had a catalogue leaves its manifests.</summary>
    public static Change<VolumeState, VolumeState> Drained(VolumeState state, VolumeHead head, DateTimeOffset now)
    {
        if (state is not { DeletedAt: not null, IsDrained: false }) return Change.Keep(state);
        string[] left = head.Catalogue is null ? [.. head.OldManifests.Select(manifest => manifest.BlobKey), .. head.Manifest is { } newest ? (string[])[newest.BlobKey] : []] : [];
        return Change.To(Ended(state with { IsDrained = true }, left, now), new DomainEvent("volume.drained"));
    }

    /// <summary>A drained volume has let go of its catalogue: these blobs are all that is left.</summary>
    public static VolumeState Ended(VolumeState state, IReadOnlyList<string> remnants, DateTimeOffset now) =>
        remnants.Count == 0 ? state : state with { Remnants = [.. remnants], RemnantsAt = now };

    /// <summary>The last blobs are deleted.</summary>
    public static Change<VolumeState, VolumeState> Gone(VolumeState state) => Change.To(state with { Remnants = [] }, new DomainEvent("volume.gone"));

    /// <summary>The origin knows that the clone is drained.</summary>
    public static Change<VolumeState, VolumeState> OriginReleased(VolumeState state) => Change.To(state with { IsOriginReleased = true });

    /// <summary>An audit begins.</summary>
    public static Change<VolumeState, VolumeState> Audited(VolumeState state, DateTimeOffset now) => Change.To(state with { AuditedAt = now });
}
