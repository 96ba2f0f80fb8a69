using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Tidegate.Client.Grain.Agents;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Security;
using Tidegate.Silo.Link;
using Tidegate.Tests.Cluster.Grains;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>Revocation on a running silo: in force within five seconds, and nobody let in by a silo that cannot know (I9, M3.8).</summary>
[Collection(GuardedCollection.Name)]
public sealed class RevocationTests(GuardedSilo silo)
{
    [Fact]
    public async Task I9_A_revocation_closes_the_link_and_ends_its_running_streams()
    {
        await using var bystander = await LinkedAgent.ConnectAsync(silo);
        await using var agent = await LinkedAgent.ConnectAsync(silo);
        var thumbprint = agent.Gateway.Certificate.GetCertHashString(HashAlgorithmName.SHA256);
        var running = silo.Services.GetRequiredService<EnumerationOwners>();
        Assert.Single(running.OwnedBy(thumbprint));

        // Nothing but the table says so: the gateway's grain goes on as it was.
        await silo.Services.GetRequiredService<ICertificateRevocations>().RevokeAsync([new RevokedCertificate(thumbprint, DateTimeOffset.MaxValue)]);
        await agent.Link.Lost.OrHungAsync();
        await silo.Log.SeenAsync(3004, thumbprint);
        Assert.Contains(silo.Log.Texts(3004), text => text.Contains($"{thumbprint} was revoked: closed 1 links and ended 1 streaming calls", StringComparison.Ordinal));
        Assert.Empty(running.OwnedBy(thumbprint));
        var (account, gateway) = (agent.Gateway.AccountId, silo.Grains.GetGrain<IGatewayGrain>(agent.Gateway.GatewayId));
        await silo.Audit.PublishedAsync(agent.Gateway.GatewayId, "gateway.lost");
        Assert.False((await GrainCluster.As(GrainCluster.Tenant(account), gateway.Describe)).IsConnected);
        Assert.Empty(silo.Log.Texts(3008));

        await Refusal.OfDiscoveryAsync(silo, agent.Gateway.Certificate, ErrorCodes.Forbidden);
        await using var raw = await RawLink.ConnectAsync(silo, agent.Gateway.Certificate);
        await raw.PreambleAsync(RawLink.Client(LinkClientId.New(agent.Gateway.GatewayId)));
        Assert.Equal(0, await raw.ClosedAsync());
        await bystander.WorksAsync();
    }

    [Fact]
    public async Task I9_A_silo_whose_copy_is_older_than_four_seconds_refuses_every_agent_until_the_store_is_back()
    {
        await using var agent = await LinkedAgent.ConnectAsync(silo);
        silo.Revocations.IsAway = true;
        try
        {
            await silo.Revocations.NextReadAsync();
            silo.RevocationClock.Shift(TimeSpan.FromSeconds(4.1));
            var refused = await Assert.ThrowsAsync<TidegateException>(() => agent.Grain.Heartbeat(new LinkHeartbeat(agent.Generation, 1, 0, [])));
            Assert.Equal(ErrorCodes.Unavailable, refused.Code);
            Assert.Contains("revoked", refused.Message, StringComparison.Ordinal);
            await Refusal.OfDiscoveryAsync(silo, agent.Gateway.Certificate, ErrorCodes.Unavailable);
            await using var raw = await RawLink.ConnectAsync(silo, agent.Gateway.Certificate);
            await raw.PreambleAsync(RawLink.Client(LinkClientId.New(agent.Gateway.GatewayId)));
            Assert.Equal(0, await raw.ClosedAsync());
            // It is the silo that fails here: no agent is accused of it.
            Assert.DoesNotContain("gateway.link-breached", silo.Audit.KindsOf(agent.Gateway.GatewayId));
        }
        finally
        {
            silo.Revocations.IsAway = false;
        }

        await silo.Revocations.NextReadAsync();
        await silo.Revocations.NextReadAsync();
        await using var after = await LinkedAgent.ConnectAsync(silo, agent.Gateway);
        await after.WorksAsync();
    }
}
