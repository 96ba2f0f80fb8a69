using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Xunit;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>Tests on the pair share it, and run one after another.</summary>
[CollectionDefinition(Name)]
public sealed class GuardedPairCollection : ICollectionFixture<GuardedPair>
{
    public const string Name = "guarded pair";
}

/// <summary>Two guarded silos in one cluster: grains live on the one, connections end at the other.</summary>
public sealed class GuardedPair : IAsyncLifetime
{
    private readonly GuardedSilo _first = new();

    /// <summary>Where the tests' gateway grains live.</summary>
    public GuardedSilo First => _first;

    /// <summary>Where the tests' agents connect.</summary>
    public GuardedSilo Second { get; private set; } = null!;

    public string ClusterId => _first.Services.GetRequiredService<IOptions<ClusterOptions>>().Value.ClusterId;

    public async ValueTask InitializeAsync()
    {
        await _first.InitializeAsync();
        Second = await _first.AddSiloAsync();
        await _first.Services.GetRequiredService<IClusterMembershipService>().Refresh();
        // Who discovers at the second silo is sent nowhere else.
        Second.Registries.OnlyOffer = Second.LinkPort;
    }

    public async ValueTask DisposeAsync()
    {
        if (Second is not null) await Second.DisposeAsync();
        await _first.DisposeAsync();
    }
}
