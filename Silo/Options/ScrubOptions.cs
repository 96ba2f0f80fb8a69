namespace Tidegate.Silo.Options;

/// <summary>How stored data is checked in the background. Section <c>Tidegate:Scrub</c>.</summary>
public sealed class ScrubOptions : ICheckedOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Tidegate:Scrub";

    /// <summary>Most bytes of data that a silo reads in a second, on average: 0 (no scrubbing at this silo) to 1 GiB, 8 MiB by default.</summary>
    public long BytesPerSecond { get; set; } = 8 << 20;

    /// <summary>Hours from the end of a volume's scrub to its next: 1 to 8760, 720 by default.</summary>
    public int PeriodHours { get; set; } = 720;

    /// <summary>Seconds from the end of a look at all volumes to the next: 1 to 86400, 600 by default.</summary>
    public int LookEverySeconds { get; set; } = 600;

    /// <inheritdoc/>
    public IEnumerable<string> Faults()
    {
        if (BytesPerSecond is < 0 or > 1 << 30)
            yield return $"{Section}:BytesPerSecond is {BytesPerSecond}; it must be 0 to {1 << 30}.";
        if (PeriodHours is < 1 or > 8760)
            yield return $"{Section}:PeriodHours is {PeriodHours}; it must be 1 to 8760.";
        if (LookEverySeconds is < 1 or > 86400)
            yield return $"{Section}:LookEverySeconds is {LookEverySeconds}; it must be 1 to 86400.";
    }
}
