namespace Tidegate.BlockStore.Reclaim;

/// <summary>What a change of a volume's catalogue is decided by, besides the catalogue.</summary>
/// <param name="Now">Service's clock.</param>
/// <param name="Retention">What of the volume's past is kept.</param>
public sealed record ReclaimTerms(DateTimeOffset Now, Retention Retention)
{
    /// <summary>The most that one change does.</summary>
    public ReclaimLimits Limits { get; init; } = ReclaimLimits.Default;
}
