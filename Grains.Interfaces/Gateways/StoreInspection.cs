namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>A raw image or block device that a volume may be made of.</summary>
/// <param name="SizeBytes">Its size, a multiple of 4096.</param>
[GenerateSerializer, Immutable, Alias("tidegate.store-inspection")]
public sealed record StoreInspection([property: Id(0)] long SizeBytes) : RequestResult;
