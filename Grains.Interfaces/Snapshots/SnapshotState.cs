namespace Tidegate.Grains.Interfaces.Snapshots;

/// <summary>Where a snapshot's data is (M2.8).</summary>
public enum SnapshotState
{
    /// <summary>Its barrier is durable at the agent; nothing of the range after the head is uploaded yet.</summary>
    Local = 0,
    /// <summary>Segments before its barrier are being committed.</summary>
    Uploading = 1,
    /// <summary>The service holds it; it is immutable (I4).</summary>
    Completed = 2,
    /// <summary>The gateway is not shadowing; the point will be the end of the next publication.</summary>
    Waiting = 3,
    /// <summary>It will never complete; the reason says why.</summary>
    Failed = 4,
}
