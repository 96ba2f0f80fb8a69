using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Grains.Volumes.Work;

/// <summary>A volume's saved head, encoded, the keys to read and write what it names, and what of its past is kept.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.work-base")]
internal sealed record WorkBase([property: Id(0)] byte[] Head, [property: Id(1)] WrappedLineageKey[] Keys, [property: Id(2)] VolumeRetention Retention);
