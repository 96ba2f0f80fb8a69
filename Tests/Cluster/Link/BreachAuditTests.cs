using Tidegate.Client.Grain.Agents;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Outbox;
using Tidegate.Silo.Link;
using Xunit;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>Any breach is audited, in the chain of the gateway whose certificate it came with (I14).</summary>
[Collection(GuardedCollection.Name)]
public sealed class BreachAuditTests(GuardedSilo silo)
{
    private const string Kind = "gateway.link-breached";

    [Fact]
    public async Task A_breach_of_the_frame_guard_is_in_the_gateways_chain_and_a_flood_of_them_is_one_record()
    {
        var gateway = await silo.NewGatewayAsync();
        for (var attempt = 0; attempt < 20; attempt++)
        {
            await using var link = await (await RawLink.ConnectAsync(silo, gateway.Certificate)).GreetAsync(LinkClientId.New(gateway.GatewayId));
            await link.FrameAsync(RawLink.Request, GrainId.Create("sys.client", "forged\nname"), RawLink.Gateway(gateway));
            await link.ClosedAsync();
        }

        await silo.Audit.PublishedAsync(gateway.GatewayId, Kind);
        var chain = silo.Audit.Of(gateway.GatewayId);
        var record = Assert.Single(chain, entry => entry.Kind == Kind);
        Assert.Equal(gateway.GatewayId, record.ActorId);
        Assert.Contains("a forged sender sys.client/forged?name", record.Json, StringComparison.Ordinal);
        Assert.Contains("\"count\":1", record.Json, StringComparison.Ordinal);
        Assert.All(chain.Zip(chain.Skip(1)), pair => Assert.True(AuditHash.Follows(pair.First, pair.Second)));
    }

    [Fact]
    public async Task A_refusal_of_the_call_filter_is_in_the_callers_chain_and_not_in_its_victims()
    {
        await using var victim = await LinkedAgent.ConnectAsync(silo);
        await using var hostile = await LinkedAgent.ConnectAsync(silo);
        await Refusal.OfCallAsync(() => hostile.Link.Client.GetGrain<IGatewayLinkGrain>(victim.Gateway.GatewayId).Heartbeat(new LinkHeartbeat(1, 1, 0, [])));
        await silo.Audit.PublishedAsync(hostile.Gateway.GatewayId, Kind);
        Assert.Contains("\"layer\":\"call\"", silo.Audit.Of(hostile.Gateway.GatewayId)[^1].Json, StringComparison.Ordinal);
        Assert.DoesNotContain(Kind, silo.Audit.KindsOf(victim.Gateway.GatewayId));
    }

    [Fact]
    public async Task A_connection_too_many_is_in_the_chain_of_its_gateway()
    {
        var gateway = await silo.NewGatewayAsync();
        var held = new List<RawLink>();
        for (var number = 0; number < LinkLimits.ConnectionsPerCertificate; number++)
            held.Add(await (await RawLink.ConnectAsync(silo, gateway.Certificate)).GreetAsync(LinkClientId.New(gateway.GatewayId)));
        await using var extra = await RawLink.ConnectAsync(silo, gateway.Certificate);
        Assert.Equal(0, await extra.ClosedAsync());
        await silo.Audit.PublishedAsync(gateway.GatewayId, Kind);
        Assert.Contains("\"layer\":\"port\"", silo.Audit.Of(gateway.GatewayId)[^1].Json, StringComparison.Ordinal);
        foreach (var link in held) await link.DisposeAsync();
    }
}
