using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Cluster.Grains;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>The way in works for whom it is meant (M1.2, M3.4, M3.5, M3.8).</summary>
[Collection(GuardedCollection.Name)]
public sealed class GoodAgentTests(GuardedSilo silo)
{
    [Fact]
    public async Task An_agent_opens_its_link_and_answers_over_it()
    {
        await using var agent = await LinkedAgent.ConnectAsync(silo);
        await agent.WorksAsync();
    }

    [Fact]
    public async Task An_agent_reconnects_with_the_same_certificate()
    {
        var gateway = await silo.NewGatewayAsync();
        await using (var first = await LinkedAgent.ConnectAsync(silo, gateway)) await first.WorksAsync();
        await using var second = await LinkedAgent.ConnectAsync(silo, gateway);
        await second.WorksAsync();
    }

    [Fact]
    public async Task A_deactivated_gateway_loses_its_link_and_gets_no_other()
    {
        await using var agent = await LinkedAgent.ConnectAsync(silo);
        await GrainCluster.As(GrainCluster.Tenant(agent.Gateway.AccountId), () => silo.Grains.GetGrain<IGatewayGrain>(agent.Gateway.GatewayId).Deactivate());
        await agent.Link.Lost.OrHungAsync();
        await Refusal.OfDiscoveryAsync(silo, agent.Gateway.Certificate, "Forbidden");
    }
}
