namespace Tidegate.GatewayAgent.Uplink;

/// <summary>What alarms are judged by: one volume's way to the service at one moment.</summary>
/// <param name="Age">Age of the oldest acknowledged write that the service has not committed; zero for none.</param>
/// <param name="Objective">How old it may grow.</param>
/// <param name="BacklogBytes">Bytes that wait for the service, in the log or in the store; 0 when none do.</param>
/// <param name="LogCapacityBytes">Size of the log; 0 while writes go past it.</param>
/// <param name="WrittenEnd">Position behind the newest record.</param>
/// <param name="CommittedEnd">Position up to which the service has committed.</param>
/// <param name="IsHeldBack">True while the bandwidth limit makes a transfer wait.</param>
/// <param name="IsPaused">True while it allows none at all.</param>
internal readonly record struct VolumeReading(
    TimeSpan Age,
    TimeSpan Objective,
    long BacklogBytes,
    long LogCapacityBytes,
    long WrittenEnd,
    long CommittedEnd,
    bool IsHeldBack,
    bool IsPaused)
{
    /// <summary>Share of the log that waits for the service, 0 to 1.</summary>
    public double LogFill => LogCapacityBytes > 0 ? Math.Clamp((double)Math.Min(BacklogBytes, WrittenEnd - CommittedEnd) / LogCapacityBytes, 0, 1) : 0;
}
