namespace Tidegate.Grains.Volumes;

/// <summary>When space is reclaimed (<c>docs/formats/reclaim.md</c>, Condemnation). Set by the host.</summary>
public sealed record ReclaimSettings
{
    /// <summary>
    /// How long a condemned blob stays: longer than a ticket or an item of work lives, and than the oldest backup of the database that may
    /// ever be restored. 2 hours to a year; 7 days by default.
    /// </summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How often a volume is looked at when nothing else calls for it. A minute to a day; an hour by default.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// How often a volume's accounting is held against a walk of all it reaches, and its part of the bucket is listed for orphans.
    /// A day to a year; 7 days by default.
    /// </summary>
    public TimeSpan AuditEvery { get; init; } = TimeSpan.FromDays(7);
}
