using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.RoundTrip;

/// <summary>
/// One service and one activated agent for the tests of a class, which come one after the other. Each makes volumes of its own, and may
/// kill what it likes: the next one finds both at work.
/// </summary>
public sealed class RunningSite : IAsyncLifetime
{
    /// <summary>Name of the agent.</summary>
    public const string Agent = "site";

    private Deployment _deployment = null!;

    /// <summary>Id of the agent's gateway.</summary>
    public string Gateway { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        _deployment = await Deployment.StartAsync();
        Gateway = await _deployment.ActivatedAgentAsync(Agent);
    }

    public ValueTask DisposeAsync() => _deployment.DisposeAsync();

    /// <summary>The deployment, with silo and agent running and in touch.</summary>
    public async Task<Deployment> AtWorkAsync()
    {
        if (_deployment.Silo.HasExited) await _deployment.StartSiloAsync();
        if (_deployment.Agent(Agent).HasExited) await _deployment.StartAgentAsync(Agent);
        await _deployment.ConnectedAsync(Gateway);
        return _deployment;
    }
}
