using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Pki;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>The CA is replaced under an agent that is connected all the time (M3.5).</summary>
public sealed class RolloverTests
{
    [Fact]
    public async Task The_CA_rolls_over_and_a_connected_agent_is_asked_and_answers_throughout()
    {
        await using var silo = new GuardedSilo { CaChangeSpread = TimeSpan.Zero };
        await silo.InitializeAsync();
        await using var agent = await RealAgent.StartAsync(silo);
        var (first, old) = (silo.Authority.Authority, agent.Credentials.InUse);
        using var over = new CancellationTokenSource();
        var asking = AskAsync(agent, over.Token);

        // As the command does it, in a process of its own; the silo finds it by itself.
        using var operators = CaStore.Open(silo.StateDirectory, TimeProvider.System);
        var next = operators.Stage();
        await silo.Audit.PublishedAsync(agent.Gateway.GatewayId, "gateway.trust-stored", times: 2);
        Assert.Equal(2, agent.Credentials.Authorities.Count);
        await agent.WhenAsync(() => agent.Board.Current is { State: AgentState.Connected, Link.Generation: >= 2 });

        operators.Activate();
        await silo.Audit.PublishedAsync(agent.Gateway.GatewayId, "gateway.certificate-in-use", times: 2);
        Assert.Equal(next.Thumbprint, silo.Authority.Authority);
        await agent.WhenAsync(() => !ReferenceEquals(agent.Credentials.InUse, old));
        Assert.NotEqual(old.Certificate.Issuer, agent.Credentials.InUse.Certificate.Issuer);

        operators.Retire(first);
        await silo.Audit.PublishedAsync(agent.Gateway.GatewayId, "gateway.trust-stored", times: 3);
        Assert.Single(agent.Credentials.Authorities);
        await over.CancelAsync();
        Assert.InRange(await asking, 1, int.MaxValue);
        await agent.AsOwner(gateway => gateway.DescribeLive(RealAgent.NewRequest())).OrHungAsync();
    }

    private static async Task<int> AskAsync(RealAgent agent, CancellationToken over)
    {
        for (var answered = 0; ; answered++)
        {
            if (over.IsCancellationRequested) return answered;
            await AskOnceAsync(agent);
        }
    }

    // What was under way on a connection that closed may have to be asked again, by the same id (M1.9).
    private static async Task AskOnceAsync(RealAgent agent)
    {
        var request = RealAgent.NewRequest();
        try
        {
            await agent.AsOwner(gateway => gateway.DescribeLive(request)).OrHungAsync();
        }
        catch (TidegateException late) when (late.Code == ErrorCodes.GatewayTimeout)
        {
            await agent.AsOwner(gateway => gateway.DescribeLive(request)).OrHungAsync();
        }
    }
}
