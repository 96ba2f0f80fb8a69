using Tidegate.Grains.Volumes;

namespace Tidegate.Silo.Options;

/// <summary>When space is reclaimed (<c>docs/formats/reclaim.md</c>, Condemnation). Section <c>Tidegate:Reclaim</c>.</summary>
public sealed class ReclaimOptions : ICheckedOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Tidegate:Reclaim";

    private const int HoursOfAYear = 8760;
    private const int MinutesOfADay = 1440;
    private const int DaysOfAYear = 365;

    /// <summary>
    /// How long a condemned blob stays, in hours: longer than the oldest backup of the database that may ever be restored. 2 to 8,760,
    /// 168 by default.
    /// </summary>
    public int GraceHours { get; set; } = 168;

    /// <summary>How often a volume is looked at when nothing else calls for it, in minutes: 1 to 1,440, 60 by default.</summary>
    public int EveryMinutes { get; set; } = 60;

    /// <summary>How often a volume is audited and orphans are collected, in days: 1 to 365, 7 by default.</summary>
    public int AuditDays { get; set; } = 7;

    /// <summary>The settings as the grains know them.</summary>
    public ReclaimSettings ToSettings() => new()
    {
        Grace = TimeSpan.FromHours(GraceHours),
        Every = TimeSpan.FromMinutes(EveryMinutes),
        AuditEvery = TimeSpan.FromDays(AuditDays),
    };

    /// <inheritdoc/>
    public IEnumerable<string> Faults()
    {
        if (GraceHours is < 2 or > HoursOfAYear)
            yield return $"{Section}:GraceHours is {GraceHours}; it must be 2 to {HoursOfAYear}.";
        if (EveryMinutes is < 1 or > MinutesOfADay)
            yield return $"{Section}:EveryMinutes is {EveryMinutes}; it must be 1 to {MinutesOfADay}.";
        if (AuditDays is < 1 or > DaysOfAYear)
            yield return $"{Section}:AuditDays is {AuditDays}; it must be 1 to {DaysOfAYear}.";
    }
}
