using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Grains.Volumes;

/// <summary>What reading a snapshot takes: where its bytes are, and the wrapped keys of every lineage that they come from.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.stored-image")]
internal sealed record StoredImage([property: Id(0)] byte[] Descriptor, [property: Id(1)] IReadOnlyList<WrappedLineageKey> Keys);
