namespace Tidegate.Grains.Waking;

/// <summary>What became of the renewal of a presence lease.</summary>
internal enum LeaseOutcome
{
    /// <summary>A newer generation has the lease.</summary>
    Refused,

    /// <summary>In force for another term.</summary>
    Renewed,

    /// <summary>In force, and the grain is newly listed: the set of grains has changed.</summary>
    Listed,
}
