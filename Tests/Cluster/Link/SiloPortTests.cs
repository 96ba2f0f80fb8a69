using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Silo.Pki;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>The port for other silos of two silos that talk over it: mutual TLS, with certificates made for silos of this cluster and no others.</summary>
[Collection(GuardedPairCollection.Name)]
public sealed class SiloPortTests(GuardedPair pair) : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tidegate-silo-port-").FullName;

    [Fact]
    public async Task Silos_talk_over_the_port_and_a_certificate_made_for_it_gets_in()
    {
        // The agent's connection ends at the second silo and its grain lives on the first: each answer has crossed the port twice.
        await using var agent = await LinkedAgent.ConnectAsync(pair.Second, await pair.First.NewGatewayAsync(pair.First.Address));
        await agent.WorksAsync();
        using var silo = pair.First.Authority.IssueSiloCertificate(pair.ClusterId);
        Assert.True(await IsLetInAsync(silo));
    }

    [Fact]
    public async Task Plain_text_is_not_answered()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(pair.First.SiloPort);
        await client.GetStream().WriteAsync(new byte[256]);
        Assert.False(await IsAnsweredAsync(client.GetStream()));
        await pair.First.Log.SeenAsync(3010, "127.0.0.1");
    }

    [Fact]
    public async Task No_agents_certificate_nor_a_servers_nor_another_clusters_nor_a_foreign_CAs_nor_none_is_let_in()
    {
        var authority = pair.First.Authority;
        Assert.False(await IsLetInAsync(null));
        Assert.False(await IsLetInAsync((await pair.First.NewGatewayAsync()).Certificate));
        using var server = authority.IssueServerCertificate(["silo.tidegate.internal"]);
        Assert.False(await IsLetInAsync(server));
        using var neighbour = authority.IssueSiloCertificate("another-cluster");
        Assert.False(await IsLetInAsync(neighbour));
        using var keys = CaStore.Open(_directory, TimeProvider.System);
        using var foreign = new CertificateAuthority(keys, TimeProvider.System).IssueSiloCertificate(pair.ClusterId);
        Assert.False(await IsLetInAsync(foreign));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var own = new CertificateRequest($"CN=silo, O={pair.ClusterId}", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        Assert.False(await IsLetInAsync(own));
    }

    [Fact]
    public async Task A_silos_certificate_opens_no_link_and_serves_no_agent()
    {
        using var silo = pair.First.Authority.IssueSiloCertificate(pair.ClusterId);
        Assert.False(Client.Grain.CertificateTrust.IsTrustedClient(silo, pair.First.Roots, TimeProvider.System));
        await Refusal.OfDiscoveryAsync(pair.First, silo, Tidegate.Grains.Interfaces.Errors.ErrorCodes.Unavailable);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>Whether the silo talks to whoever shows this certificate: the first thing that it says is its own preamble.</summary>
    private async Task<bool> IsLetInAsync(X509Certificate2? certificate)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(pair.First.SiloPort);
        await using var stream = new SslStream(client.GetStream(), false, static (_, _, _, _) => true);
        try
        {
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "silo.tidegate.internal",
                EnabledSslProtocols = SslProtocols.Tls13,
                ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, null, offline: true),
            }).OrHungAsync();
        }
        catch (Exception refused) when (refused is AuthenticationException or IOException)
        {
            return false;
        }

        return await IsAnsweredAsync(stream);
    }

    private static async Task<bool> IsAnsweredAsync(Stream stream)
    {
        try
        {
            return await stream.ReadAsync(new byte[1]).AsTask().OrHungAsync() > 0;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
