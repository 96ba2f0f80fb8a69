namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Where a volume stands at the service: what a log that begins there says of itself.</summary>
/// <param name="Sequence">Last committed segment, 0 for none.</param>
/// <param name="LogEnd">Log position after it.</param>
/// <param name="Digest">Its digest; empty for none.</param>
/// <param name="Epoch">The newest epoch.</param>
[GenerateSerializer, Immutable, Alias("tidegate.volume-tip")]
public sealed record VolumeTip(
    [property: Id(0)] long Sequence, [property: Id(1)] long LogEnd, [property: Id(2)] byte[] Digest, [property: Id(3)] long Epoch);
