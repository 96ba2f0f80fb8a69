namespace Tidegate.Grains.Interfaces.Snapshots;

/// <summary>A snapshot: a cache of its volume's catalogue entry and the place where its state is followed. Key: snapshot id.</summary>
[GrainInterfaceType("tidegate.snapshot"), Alias("tidegate.snapshot")]
public interface ISnapshotGrain : IGrainWithStringKey
{
    /// <summary>Records or updates the snapshot; called by its volume. Never moves a completed snapshot back.</summary>
    [Alias("record")]
    Task Record(SnapshotDescription description);

    /// <summary>The snapshot. Throws <c>NotFound</c> when it is not the caller's.</summary>
    [Alias("describe")]
    Task<SnapshotDescription> Describe();
}
