namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>One volume in a gateway's desired configuration.</summary>
/// <param name="VolumeId">The volume.</param>
/// <param name="Name">Its name; the NBD export name.</param>
/// <param name="SizeBytes">Multiple of 4096.</param>
/// <param name="SourceSnapshotId">Snapshot it starts from, or empty for an empty volume.</param>
[GenerateSerializer, Immutable, Alias("tidegate.volume-attachment")]
public sealed record VolumeAttachment(
    [property: Id(0)] string VolumeId,
    [property: Id(1)] string Name,
    [property: Id(2)] long SizeBytes,
    [property: Id(3)] string SourceSnapshotId)
{
    /// <summary>How old its newest recovery point may grow, in seconds (<see cref="Volumes.RecoveryPointObjective"/>); 0 for the default.</summary>
    [Id(4)]
    public int RecoveryPointObjectiveSeconds { get; init; }

    /// <summary>Raw image or block device on the gateway's machine that is the volume's store, with what it held; empty for a store of its own.</summary>
    [Id(5)]
    public string AdoptPath { get; init; } = "";
}
