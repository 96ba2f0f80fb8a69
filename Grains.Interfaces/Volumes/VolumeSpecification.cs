namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>What a new volume is to be.</summary>
/// <param name="AccountId">Owner.</param>
/// <param name="GatewayId">Gateway that serves it.</param>
/// <param name="Name">Unique within the account; 1-63 of letters, digits, <c>-</c>, <c>_</c>, <c>.</c>.</param>
/// <param name="SizeBytes">Multiple of 4096, 1 MiB to 16 TiB; 0 with a source means its size.</param>
/// <param name="SourceSnapshotId">Empty for an empty volume.</param>
[GenerateSerializer, Immutable, Alias("tidegate.volume-spec")]
public sealed record VolumeSpecification(
    [property: Id(0)] string AccountId,
    [property: Id(1)] string GatewayId,
    [property: Id(2)] string Name,
    [property: Id(3)] long SizeBytes,
    [property: Id(4)] string SourceSnapshotId)
{
    /// <summary>The recovery point to begin as; null for another beginning. Not together with a source snapshot.</summary>
    [Id(5)]
    public SourcePoint? SourcePoint { get; init; }

    /// <summary>
    /// Raw image or block device on the gateway's machine that the volume is to be made of; empty for another beginning. Its size counts where none is
    /// given.
    /// </summary>
    [Id(6)]
    public string AdoptPath { get; init; } = "";
}
