using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Client.Grain;
using Tidegate.Client.Grain.Agents;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>Certificates change under an agent that is at work (M1.10, M3.5, M3.8).</summary>
[Collection(GuardedCollection.Name)]
public sealed class RenewalTests(GuardedSilo silo)
{
    [Fact]
    public async Task M1_10_A_rotation_replaces_the_credential_loses_no_request_and_revokes_the_old_one()
    {
        await using var agent = await RealAgent.StartAsync(silo);
        var (old, generation) = (agent.Credentials.InUse, agent.Board.Current.Link!.Generation);
        using var over = new CancellationTokenSource();
        var asking = AskAsync(agent, over.Token);
        var request = RealAgent.NewRequest();
        var rotated = await agent.AsOwner(gateway => gateway.RotateCredential(request)).OrHungAsync();
        Assert.Equal(agent.Credentials.InUse.Thumbprint, rotated.Thumbprint);
        Assert.NotEqual(old.Thumbprint, rotated.Thumbprint);
        Assert.Equal(rotated, await agent.AsOwner(gateway => gateway.RotateCredential(request)).OrHungAsync());
        await silo.Audit.PublishedAsync(agent.Gateway.GatewayId, "gateway.certificate-retired");
        await over.CancelAsync();
        Assert.InRange(await asking, 1, int.MaxValue);
        await Refusal.OfDiscoveryAsync(silo, old.Certificate, ErrorCodes.Forbidden);
        Assert.Equal(generation + 1, agent.Board.Current.Link!.Generation);
        var kinds = silo.Audit.KindsOf(agent.Gateway.GatewayId);
        Assert.Equal(
            ["gateway.credential-rotation-asked", "gateway.certificate-renewed", "gateway.connected", "gateway.certificate-in-use", "gateway.certificate-retired"],
            kinds.SkipWhile(kind => kind != "gateway.credential-rotation-asked").Where(kind => kind != "gateway.trust-stored"));
    }

    [Fact]
    public async Task M1_10_Without_a_link_nothing_is_asked()
    {
        var gateway = await silo.NewGatewayAsync();
        var grain = silo.Grains.GetGrain<IGatewayGrain>(gateway.GatewayId);
        await Grains.GrainCluster.RefusedAsync(
            () => Grains.GrainCluster.As(Grains.GrainCluster.Tenant(gateway.AccountId), () => grain.RotateCredential(RealAgent.NewRequest())), ErrorCodes.GatewayNotConnected);
        Assert.DoesNotContain("gateway.credential-rotation-asked", silo.Audit.KindsOf(gateway.GatewayId));
    }

    [Fact]
    public async Task M3_5_A_certificate_is_not_renewed_too_early_nor_for_its_own_key_nor_without_it()
    {
        var gateway = await silo.NewGatewayAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var own = gateway.Certificate.GetECDsaPrivateKey()!;
        await RefusedAsync(gateway.Certificate, Request(key), ErrorCodes.InvalidState);
        await RefusedAsync(gateway.Certificate, Request(own), ErrorCodes.InvalidArgument);
        await RefusedAsync(gateway.Certificate, [1, 2, 3], ErrorCodes.InvalidArgument);
        var unsigned = Request(key);
        unsigned[^1] ^= 1;
        await RefusedAsync(gateway.Certificate, unsigned, ErrorCodes.InvalidArgument);
        // A certificate of this CA that the gateway's grain never recorded.
        using var unknown = await GuardedSilo.IssueAsync(silo.Authority, gateway.AccountId, gateway.GatewayId);
        await RefusedAsync(unknown, Request(key), ErrorCodes.Forbidden);
        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = CertificateTrust.CreateClientOptions(silo.Roots, silo.AgentsUrl.Host, null, TimeProvider.System) });
        using var nobody = await http.PostAsync(new Uri(silo.AgentsUrl, LinkWire.RenewalPath), new StringContent("{\"certificateRequest\":\"AQ==\"}", null, "application/json"));
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, nobody.StatusCode);
    }

    private static byte[] Request(ECDsa key) => new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256).CreateSigningRequest();

    private async Task RefusedAsync(X509Certificate2 certificate, byte[] request, string code)
    {
        using var service = new LinkDiscovery(new DiscoveryAddresses(silo.AgentsUrl), silo.Roots, certificate, TimeSpan.FromSeconds(20), TimeProvider.System);
        await Grains.GrainCluster.RefusedAsync(() => service.RenewCertificateAsync(new CertificateRenewalRequest(request), TestContext.Current.CancellationToken), code);
    }

    /// <summary>Asks the agent again and again, each answer at once followed by the next question; how many were answered. One that is not fails.</summary>
    private static async Task<int> AskAsync(RealAgent agent, CancellationToken over)
    {
        for (var answered = 0; ; answered++)
        {
            if (over.IsCancellationRequested) return answered;
            await agent.AsOwner(gateway => gateway.DescribeLive(RealAgent.NewRequest())).OrHungAsync();
        }
    }
}
