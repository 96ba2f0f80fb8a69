using System.IO.Hashing;

namespace Tidegate.Grains.Waking;

/// <summary>Which shard looks after a grain.</summary>
internal static class WakeShards
{
    /// <summary>Number of shards; fixed, because reminders are kept per shard.</summary>
    public const int Count = 64;

    /// <summary>
    /// How long a presence lease lasts unless renewed: holders renew it with every ping, so that three in a row may be missed.
    /// </summary>
    public static readonly TimeSpan LeaseTerm = TimeSpan.FromSeconds(15);

    /// <summary>Shard number of a grain: the same on every silo and in every version.</summary>
    public static int NumberOf(GrainId grain) => (int)(XxHash32.HashToUInt32(grain.Key.AsSpan()) % Count);

    /// <summary>The shard that looks after the grain.</summary>
    public static IWakeShardGrain For(IGrainFactory grains, GrainId grain) => grains.GetGrain<IWakeShardGrain>(NumberOf(grain));
}
