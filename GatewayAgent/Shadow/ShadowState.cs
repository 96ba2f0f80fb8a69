namespace Tidegate.GatewayAgent.Shadow;

/// <summary>Where a volume's shadowing stands.</summary>
internal enum ShadowState
{
    /// <summary>Not started, or stopped.</summary>
    Stopped,
    /// <summary>No epoch yet: the volume is served locally and the log keeps what is written.</summary>
    Attaching,
    /// <summary>Sealed segments go up and are committed.</summary>
    Draining,
    /// <summary>Writes go past the log: the service is asked for a branch until it answers.</summary>
    PassThrough,
    /// <summary>The log is not the volume's history: for good (M2.7).</summary>
    Diverged,
    /// <summary>The log or its disk failed: for good.</summary>
    Failed,
}
