namespace Tidegate.Grains.Interfaces.Snapshots;

/// <summary>How far a group of snapshots has come (M2.8).</summary>
public enum SnapshotGroupState
{
    /// <summary>The gateway has been asked, or will be, for the common point.</summary>
    Requested = 0,
    /// <summary>A volume of it is not shadowed now: the whole group waits, and takes a common point afterwards.</summary>
    Waiting = 1,
    /// <summary>The common point is durable at the gateway; the service does not hold all of it yet.</summary>
    Uploading = 2,
    /// <summary>The service holds every snapshot of it.</summary>
    Completed = 3,
    /// <summary>None of its snapshots will be; the reason says why.</summary>
    Failed = 4,
}
