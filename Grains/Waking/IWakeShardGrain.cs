namespace Tidegate.Grains.Waking;

/// <summary>
/// One of <see cref="WakeShards.Count"/> fixed shards that remember, durably and within a bound, which grains may owe
/// something, and ask them until they have settled: stale outboxes, sessions to collect. They also keep the presence leases
/// of gateways, and ask those whose lease has run out. There are no reminders of single grains. Key: shard number.
/// </summary>
[GrainInterfaceType("tidegate.wake-shard"), Alias("tidegate.wake-shard")]
internal interface IWakeShardGrain : IGrainWithIntegerKey
{
    /// <summary>Asks the grain to settle after <paramref name="delay"/>; durable when it returns. Repeating it while it is listed costs no write.</summary>
    [Alias("watch")]
    Task Watch(GrainId grain, TimeSpan delay);

    /// <summary>Does nothing itself: being called, the shard is alive, and asks whoever is listed.</summary>
    [Alias("wake")]
    Task Wake();

    /// <summary>
    /// Takes or renews the presence lease of the grain's generation for <see cref="WakeShards.LeaseTerm"/> (M1.7). False when a
    /// newer generation has it. A lease that is not renewed has the grain asked to settle, wherever it is activated then.
    /// </summary>
    [Alias("renew-lease")]
    Task<bool> RenewLease(GrainId grain, long generation);
}
