namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>States of a shadowed volume on its gateway (mission 2).</summary>
public enum VolumeRunState
{
    /// <summary>Not yet started by the agent.</summary>
    Pending = 0,
    /// <summary>Pre-existing local data is being uploaded.</summary>
    Bootstrapping = 1,
    /// <summary>Every write is logged and uploaded in order.</summary>
    Shadowing = 2,
    /// <summary>Writes reach the local store alone; what diverged is remembered.</summary>
    PassThrough = 3,
    /// <summary>What diverged is being uploaded.</summary>
    CatchingUp = 4,
    /// <summary>The agent's history forked from the volume's; nothing is served.</summary>
    Diverged = 5,
    /// <summary>Serving was stopped on request.</summary>
    Stopped = 6,
    /// <summary>A local fault stopped the volume.</summary>
    Failed = 7,
    /// <summary>Blocks are still being fetched from a snapshot.</summary>
    Restoring = 8,
}
