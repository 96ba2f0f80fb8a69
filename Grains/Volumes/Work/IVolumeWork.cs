using Tidegate.BlockStore.Heads;
using Tidegate.Grains.Aggregates;

namespace Tidegate.Grains.Volumes.Work;

/// <summary>
/// One item of heavy work on a volume. Does all reading, sealing and storing in a worker; what it hands over, the grain only
/// checks and saves.
/// </summary>
internal interface IVolumeWork
{
    /// <summary>What kind of work it is; one item of a kind waits for a volume at a time.</summary>
    string Kind { get; }

    /// <summary>True when the item has more units after one is saved: it is asked again until it prepares nothing.</summary>
    bool GoesOn => false;

    /// <summary>
    /// Prepares a change from the head of <paramref name="context"/> and stores its blobs; null when nothing is to be done. Called again,
    /// with the head as it is then, when another change was saved first: what it computed before and still holds is kept.
    /// </summary>
    Task<PreparedChange?> PrepareAsync(WorkContext context, CancellationToken cancellationToken);

    /// <summary>
    /// What the change means for the volume's state besides its head, which <paramref name="state"/> has already: saved together with it.
    /// Throws when it may not be saved any more.
    /// </summary>
    Change<VolumeState, VolumeState> Apply(VolumeState state, DateTimeOffset now) => Change.To(state);

    /// <summary>Called when the prepared change is saved.</summary>
    void Saved()
    {
    }
}
