using Orleans.Concurrency;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Grains.Scrub;

/// <summary>A volume, for the scrubbers.</summary>
[GrainInterfaceType("tidegate.scrubbed-volume"), Alias("tidegate.scrubbed-volume")]
internal interface IScrubbedVolume : IGrainWithStringKey
{
    /// <summary>
    /// Begins a scrub, or goes on with one that broke off: where it stopped and which blobs are suspects. Null when the last one ended less
    /// than <paramref name="period"/> ago, another silo is at it, or there is nothing to scrub.
    /// </summary>
    [Alias("begin-scrub")]
    Task<ScrubStart?> BeginScrub(TimeSpan period);

    /// <summary>Keeps how far it is, and the lease.</summary>
    [Alias("keep-scrub")]
    Task KeepScrub(string position, string[] suspects);

    /// <summary>It has ended; what is damaged.</summary>
    [Alias("end-scrub")]
    Task EndScrub(int damageCount, VolumeDamage[] damages);

    /// <summary>Has the volume's gateway write blocks anew from its local copy.</summary>
    [AlwaysInterleave, Alias("repair")]
    Task Repair(long[] blocks);
}
