using Orleans.Concurrency;

namespace Tidegate.Grains.Keys;

/// <summary>A volume's keyring, for those who look after keys.</summary>
[GrainInterfaceType("tidegate.volume-keyring"), Alias("tidegate.volume-keyring")]
internal interface IVolumeKeyring : IGrainWithStringKey
{
    /// <summary>Wraps every key that is not wrapped by the account's current key anew, in state and bucket; how many volumes that were: 0 or 1.</summary>
    [Alias("rewrap-keys")]
    Task<int> RewrapKeys();

    /// <summary>What becomes unreadable when an origin of this volume is erased: itself, its snapshots, and what was made from those.</summary>
    [AlwaysInterleave, Alias("list-victims")]
    Task<IReadOnlyList<string>> ListVictims();

    /// <summary>
    /// An origin of this volume is being erased, and with it every copy of its keys: this volume, which cannot be read without them, is
    /// erased too. Returns when its keyring is empty and its manifests are gone.
    /// </summary>
    [Alias("erase-with-origin")]
    Task EraseWithOrigin(string originVolumeId);
}
