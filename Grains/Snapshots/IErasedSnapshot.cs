using Orleans.Concurrency;

namespace Tidegate.Grains.Snapshots;

/// <summary>What a volume that is being erased tells its snapshots.</summary>
[GrainInterfaceType("tidegate.snapshot-erased"), Alias("tidegate.snapshot-erased")]
internal interface IErasedSnapshot : IGrainWithStringKey
{
    /// <summary>The keys of what it holds are destroyed: it is listed no more. Idempotent; one that nobody has heard of stays so.</summary>
    [AlwaysInterleave, Alias("erased")]
    Task Erased();
}
