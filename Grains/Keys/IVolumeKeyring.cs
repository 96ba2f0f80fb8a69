using Orleans.Concurrency;

namespace Tidegate.Grains.Keys;

/// <summary>A volume's keyring, for those who look after keys.</summary>
[GrainInterfaceType("tidegate.volume-keyring"), Alias("tidegate.volume-keyring")]
internal interface IVolumeKeyring : IGrainWithStringKey
{
    /// <summary>Wraps every key that is not wrapped by the account's current key anew, in state and bucket; how many volumes that were: 0 or 1.</summary>
    [Alias("rewrap-keys")]
    Task<int> RewrapKeys();

    /// <summary>The volumes that were made from this one's snapshots, and from theirs.</summary>
    [AlwaysInterleave, Alias("list-descendants")]
    Task<IReadOnlyList<string>> ListDescendants();

    /// <summary>Forgets the keys of an origin, in state and bucket: they are being erased.</summary>
    [Alias("forget-lineage")]
    Task ForgetLineage(string volumeId);
}
