using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Tidegate.Client.Grain.Agents;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Silo.Link;
using Tidegate.Tests.Cluster.Grains;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>Revocation over three silos (M3.8, I9): wherever the connections end and wherever the stream runs, all are over. How fast: <c>./dev bench link</c>.</summary>
public sealed class RevocationOverThreeTests
{
    [Fact]
    public async Task I9_A_deactivation_closes_the_gateways_connections_at_three_silos_and_ends_its_stream()
    {
        await using var first = new GuardedSilo();
        await first.InitializeAsync();
        await using var second = await first.AddSiloAsync();
        await using var third = await first.AddSiloAsync();
        GuardedSilo[] silos = [first, second, third];
        await first.Services.GetRequiredService<IClusterMembershipService>().Refresh();
        third.Registries.OnlyOffer = third.LinkPort;

        // Connections that were made before the link are held open by a client that does not let go; the link's own is the newest.
        var gateway = await first.NewGatewayAsync(second.Address);
        await using var atFirst = await (await RawLink.ConnectAsync(first, gateway.Certificate)).GreetAsync(LinkClientId.New(gateway.GatewayId));
        await using var atSecond = await (await RawLink.ConnectAsync(second, gateway.Certificate)).GreetAsync(LinkClientId.New(gateway.GatewayId));
        await using var agent = await LinkedAgent.ConnectAsync(third, gateway);
        await using var bystander = await LinkedAgent.ConnectAsync(third);
        var thumbprint = gateway.Certificate.GetCertHashString(HashAlgorithmName.SHA256);
        Assert.Single(second.Services.GetRequiredService<EnumerationOwners>().OwnedBy(thumbprint));

        await GrainCluster.As(GrainCluster.Tenant(gateway.AccountId), first.Grains.GetGrain<IGatewayGrain>(gateway.GatewayId).Deactivate);
        await agent.Link.Lost.OrHungAsync();
        await agent.EndedAsync();
        Assert.Equal((0, 0), (await atFirst.ClosedAsync(), await atSecond.ClosedAsync()));
        foreach (var silo in silos)
        {
            await silo.Log.SeenAsync(3004, thumbprint);
            Assert.True(silo.Services.GetRequiredService<IRevokedCertificates>().IsRevoked(thumbprint));
            Assert.Empty(silo.Services.GetRequiredService<EnumerationOwners>().OwnedBy(thumbprint));
            await Refusal.OfDiscoveryAsync(silo, gateway.Certificate, ErrorCodes.Forbidden);
        }

        await bystander.WorksAsync();
    }
}
