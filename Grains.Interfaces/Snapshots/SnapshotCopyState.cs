namespace Tidegate.Grains.Interfaces.Snapshots;

/// <summary>How far a copy of a snapshot is.</summary>
public enum SnapshotCopyState
{
    /// <summary>It is being made.</summary>
    Copying = 0,
    /// <summary>Its snapshot is complete.</summary>
    Completed = 1,
    /// <summary>It will not be; what was copied is freed.</summary>
    Failed = 2,
    /// <summary>It was cancelled; what was copied is freed.</summary>
    Cancelled = 3,
}
