using Xunit;

namespace Tidegate.Tests.Simulation.Pipeline;

/// <summary>Tests that run with nothing beside them.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;
