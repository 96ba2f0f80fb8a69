namespace Tidegate.Grains.Keys;

/// <summary>What the rotator tells an account.</summary>
[GrainInterfaceType("tidegate.rotates-key"), Alias("tidegate.rotates-key")]
internal interface IRotatesKey : IGrainWithStringKey
{
    /// <summary>The rotation has ended: every key of so many volumes is wrapped by the new key, and the old one is gone.</summary>
    [Alias("key-rotated")]
    Task KeyRotated(int volumes);
}
