using Tidegate.BlockStore.Heads;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Grains.Volumes.Folding;

/// <summary>A head whose tail is to be folded, and the keys to read and write it with.</summary>
internal sealed record FoldWork(string VolumeId, VolumeHead Head, IReadOnlyList<WrappedLineageKey> Keys);
