namespace Tidegate.GatewayAgent.Disks;

/// <summary>Raw images and block devices on this machine that volumes may be made of.</summary>
internal interface IAdoptableStores
{
    /// <summary>Opens one for good, locked. Throws <see cref="IOException"/>, saying why, when it may not or cannot be used.</summary>
    IDiskFile Open(string path);
}
