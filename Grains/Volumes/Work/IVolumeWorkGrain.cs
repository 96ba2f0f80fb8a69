using Orleans.Concurrency;

namespace Tidegate.Grains.Volumes.Work;

/// <summary>What the work pool asks of a volume.</summary>
[GrainInterfaceType("tidegate.volume-work"), Alias("tidegate.volume-work")]
internal interface IVolumeWorkGrain : IGrainWithStringKey
{
    /// <summary>The volume as it was last saved: what work begins from.</summary>
    [AlwaysInterleave, Alias("work-base")]
    Task<WorkBase> GetWorkBase();

    /// <summary>
    /// The relocation table of the volume's own lineage as it was last saved (<see cref="Tidegate.BlockStore.Relocation.RelocationRoot.Encode"/>): what
    /// readers of its clones need. Empty when nothing was moved, or the volume is gone.
    /// </summary>
    [AlwaysInterleave, Alias("relocations")]
    Task<byte[]> GetRelocations();

    /// <summary>
    /// Checks the change that the pool of this silo has prepared for the volume against the head as it is now, and saves it. Without such a
    /// change it saves nothing, and says so: whoever prepared one elsewhere must not take it for saved.
    /// </summary>
    [AlwaysInterleave, Alias("publish-work")]
    Task<PublishOutcome> PublishWork();

    /// <summary>Told by the reclaim of a deleted volume: nothing of it is held any more.</summary>
    [AlwaysInterleave, Alias("drained")]
    Task Drained();
}
