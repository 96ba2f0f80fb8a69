namespace Tidegate.Grains.Volumes.Folding;

/// <summary>What the fold pool asks of a volume.</summary>
[GrainInterfaceType("tidegate.folds-volume"), Alias("tidegate.folds-volume")]
internal interface IFoldsVolume : IGrainWithStringKey
{
    /// <summary>Publishes the result that the pool of this silo holds for the volume. A result that is gone or has lost changes nothing.</summary>
    [Alias("publish-fold")]
    Task PublishFold();
}
