using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Catalogues;

/// <summary>A root of the recovery window, from which the points after it are read.</summary>
/// <param name="Sequence">It holds everything through this.</param>
/// <param name="SizeBytes">Size of the volume when the root was written.</param>
/// <param name="Root">The root; null when all reads as zero.</param>
public sealed record BaseRecord(long Sequence, long SizeBytes, PageRoot? Root);
