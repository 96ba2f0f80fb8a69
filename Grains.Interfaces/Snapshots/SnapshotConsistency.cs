namespace Tidegate.Grains.Interfaces.Snapshots;

/// <summary>What a snapshot's point means to the applications that wrote the data (M2.8).</summary>
public enum SnapshotConsistency
{
    /// <summary>As after a power cut at that moment: a prefix of the write order, and no application was asked.</summary>
    Crash = 0,
    /// <summary>The gateway's freeze commands had succeeded and held while the point was taken.</summary>
    Application = 1,
}
