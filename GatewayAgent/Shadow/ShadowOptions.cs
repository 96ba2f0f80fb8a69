using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>How one volume's writes are sealed and uploaded.</summary>
internal sealed class ShadowOptions
{
    /// <summary>Distinct bytes at which a segment is cut, 64 KiB to 16 MiB.</summary>
    public int SegmentBytes { get; set; } = 8 << 20;

    /// <summary>Log bytes at which a segment is cut however few distinct sectors they hold; at most 28 MiB, so that a segment always fits.</summary>
    public int RangeBytes { get; set; } = 24 << 20;

    /// <summary>How old a recovery point may grow, of a volume whose configuration does not say.</summary>
    public TimeSpan Objective { get; set; } = SealDeadline.Of(0);

    /// <summary>Segments being sealed or uploaded: bounds memory to about 16 MiB each. 1-32.</summary>
    public int MaxInFlight { get; set; } = 6;

    /// <summary>
    /// Segments cut and not committed, those that are stored and wait for their turn among them: two commits' worth, so that the next gathers
    /// while one is under way. At least <see cref="MaxInFlight"/>.
    /// </summary>
    public int MaxUncommitted { get; set; } = 2 * CommitRequest.MaxSegments;

    /// <summary>Bytes of data in one fill of a staging branch, 64 KiB to 16 MiB; a multiple of the block.</summary>
    public int FillBytes { get; set; } = 8 << 20;

    /// <summary>
    /// Share of the log that waits for the service at which writes go past it, when the uplink has moved nothing for <see cref="PassAfterStall"/>.
    /// 0.5 to 1. A writer that finds no room has the same effect.
    /// </summary>
    public double PassAtFill { get; set; } = 0.9;

    /// <summary>How long the uplink may move nothing, with data waiting, before a full log is passed: until then writers are slowed to what it takes. 1 s to 10 min.</summary>
    public TimeSpan PassAfterStall { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the uplink may move nothing, with data waiting, before writes go past a log that still has room. 1 min to 30 days.</summary>
    public TimeSpan PassAfterFailing { get; set; } = TimeSpan.FromHours(24);

    /// <summary>
    /// How long writes stay past the log after catching up failed once, so that a volume does not go to and fro; doubles with each failure. The first
    /// time they are logged again as soon as the service answers.
    /// </summary>
    public TimeSpan FirstCatchUpDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest such time.</summary>
    public TimeSpan LongestCatchUpDelay { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>Upper end of the first delay after a failed call.</summary>
    public TimeSpan FirstDelay { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Upper end of every delay after failed calls.</summary>
    public TimeSpan LongestDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Draws how much of each delay is waited; null draws from the system.</summary>
    public Random? Jitter { get; set; }

    /// <summary>Time for one call to the service before it counts as failed.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
