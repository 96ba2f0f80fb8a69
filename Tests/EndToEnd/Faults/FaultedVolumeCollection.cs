using Xunit;

namespace Tidegate.Tests.EndToEnd.Faults;

/// <summary>Brings <see cref="FaultedVolume"/> to the tests that share it.</summary>
[CollectionDefinition(FaultedVolume.Collection)]
public sealed class FaultedVolumeCollection : ICollectionFixture<FaultedVolume>;
