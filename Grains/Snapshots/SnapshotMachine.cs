using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Outbox;

namespace Tidegate.Grains.Snapshots;

/// <summary>What a snapshot's record may become. Pure. Invariants: completed is final (I4); it is one volume's, for ever (I10).</summary>
internal static class SnapshotMachine
{
    /// <summary>What is recorded for this volume; null while nothing is. Throws <c>InvalidState</c> when the id cannot be the volume's any more.</summary>
    public static SnapshotDescription? FindFor(SavedSnapshot state, string snapshotId, string volumeId)
    {
        if (state.Description is not { } known) return null;
        if (known.VolumeId == volumeId && state.DeletedAt is null) return known;
        var problem = known.VolumeId == volumeId ? $"Snapshot {snapshotId} was deleted." : $"The snapshot id {snapshotId} belongs to another volume.";
        throw new TidegateException(ErrorCodes.InvalidState, problem, "Use a fresh id or idempotency key.");
    }

    /// <summary>Takes the volume's word; repeats, anything after completion and the word of any other volume change nothing.</summary>
    public static Change<SavedSnapshot, SavedSnapshot> Record(SavedSnapshot state, SnapshotDescription said)
    {
        if (state.DeletedAt is not null || state.Description == said || state.Description?.State == SnapshotState.Completed) return Change.Keep(state);
        if (state.Description is { } known && (known.VolumeId != said.VolumeId || known.AccountId != said.AccountId)) return Change.Keep(state);
        var kind = said.State switch
        {
            SnapshotState.Completed => "snapshot.completed",
            SnapshotState.Failed => "snapshot.failed",
            _ => "snapshot.recorded",
        };
        return Change.To(state with { Description = said }, new DomainEvent(kind, new { said.State, said.Sequence, said.FailureReason }));
    }

    /// <summary>The volume has let go of it; it never comes back.</summary>
    public static Change<SavedSnapshot, SavedSnapshot> Delete(SavedSnapshot state, DateTimeOffset now) => state.DeletedAt is not null
        ? Change.Keep(state)
        : Change.To(state with { DeletedAt = now }, new DomainEvent("snapshot.deleted", new { state.Description!.VolumeId }));

    /// <summary>The volume's keys are destroyed, and the snapshot went with them.</summary>
    public static Change<SavedSnapshot, SavedSnapshot> Erase(SavedSnapshot state, DateTimeOffset now) => state is not { DeletedAt: null, Description: { } known }
        ? Change.Keep(state)
        : Change.To(state with { DeletedAt = now, IsErased = true }, new DomainEvent("snapshot.erased", new { known.VolumeId }));
}
