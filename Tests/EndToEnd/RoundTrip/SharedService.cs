using Tidegate.Tests.EndToEnd.RoundTrip;
using Tidegate.Tests.Kit.Processes;
using Xunit;

[assembly: AssemblyFixture(typeof(SharedService))]

namespace Tidegate.Tests.EndToEnd.RoundTrip;

/// <summary>One service on the default stores for all tests that harm neither it nor what it keeps, started by the first that asks.</summary>
public sealed class SharedService : IAsyncDisposable
{
    private readonly Lazy<Task<Deployment>> _deployment = new(() => Deployment.StartAsync());

    /// <summary>The deployment; agents in it have names of the tests' own.</summary>
    public Task<Deployment> DeploymentAsync() => _deployment.Value;

    public async ValueTask DisposeAsync()
    {
        if (_deployment.IsValueCreated) await (await _deployment.Value).DisposeAsync();
    }
}
