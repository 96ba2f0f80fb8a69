namespace Tidegate.Grains.Interfaces.Snapshots;

/// <summary>A part of the blocks that differ between two snapshots (M5.1).</summary>
/// <param name="SizeBytes">Size of the later snapshot's image in bytes.</param>
/// <param name="BlockBytes">Size of a block; the last one of an image may be shorter.</param>
/// <param name="Blocks">Numbers of changed blocks, rising.</param>
/// <param name="NextBlock">Where to go on; null when these were the last.</param>
[GenerateSerializer, Immutable, Alias("tidegate.changed-blocks")]
public sealed record ChangedBlocks(
    [property: Id(0)] long SizeBytes,
    [property: Id(1)] int BlockBytes,
    [property: Id(2)] IReadOnlyList<long> Blocks,
    [property: Id(3)] long? NextBlock);
