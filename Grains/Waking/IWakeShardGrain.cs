namespace Tidegate.Grains.Waking;

/// <summary>
/// One of <see cref="WakeShards.Count"/> fixed shards that remember, durably and within a bound, which grains may owe
/// something, and ask them until they have settled: stale outboxes, leases of links, sessions to collect. There are no
/// reminders of single grains. Key: shard number.
/// </summary>
[GrainInterfaceType("tidegate.wake-shard"), Alias("tidegate.wake-shard")]
internal interface IWakeShardGrain : IGrainWithIntegerKey
{
    /// <summary>Asks the grain to settle after <paramref name="delay"/>; durable when it returns. Repeating it while it is listed costs no write.</summary>
    [Alias("watch")]
    Task Watch(GrainId grain, TimeSpan delay);
}
