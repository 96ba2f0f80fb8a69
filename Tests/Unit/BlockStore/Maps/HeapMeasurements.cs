using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Maps;

/// <summary>Tests that measure the heap run alone: what others allocate meanwhile would count.</summary>
[CollectionDefinition(nameof(HeapMeasurements), DisableParallelization = true)]
public sealed class HeapMeasurements;
