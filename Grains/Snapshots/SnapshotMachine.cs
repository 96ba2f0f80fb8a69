using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Outbox;

namespace Tidegate.Grains.Snapshots;

/// <summary>What a snapshot's record may become. Pure. Invariant: completed is final (I4).</summary>
internal static class SnapshotMachine
{
    /// <summary>Takes the volume's word; repeats and anything after completion change nothing.</summary>
    public static Change<SavedSnapshot, SavedSnapshot> Record(SavedSnapshot state, SnapshotDescription said)
    {
        if (state.DeletedAt is not null || state.Description == said || state.Description?.State == SnapshotState.Completed) return Change.Keep(state);
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
