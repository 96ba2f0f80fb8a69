using Orleans.Concurrency;

namespace Tidegate.Grains.Aggregates;

/// <summary>
/// What the wake shards call: a grain that may owe something after its last save (entries to publish, names to release, a
/// lease to look at) and settles it.
/// </summary>
[GrainInterfaceType("tidegate.settles"), Alias("tidegate.settles")]
internal interface ISettles : IGrainWithStringKey
{
    /// <summary>Does what is owed. Null when nothing is left; otherwise how long to wait before asking again.</summary>
    [AlwaysInterleave, Alias("settle")]
    Task<TimeSpan?> Settle();
}
