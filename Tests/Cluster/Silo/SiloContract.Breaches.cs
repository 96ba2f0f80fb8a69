using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Tidegate.Client.Grain.Agents;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Outbox;
using Tidegate.Silo.Pki;
using Tidegate.Tests.Cluster.Grains;
using Tidegate.Tests.Cluster.Link;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.Cluster.Silo;

/// <summary>Breaches of the link, from a hostile connection to the audit API.</summary>
public abstract partial class SiloContract
{
    [Fact]
    public async Task I14_A_breach_of_the_link_is_in_the_accounts_audit_and_its_chain_verifies()
    {
        using var account = await NewAccountAsync("breached");
        var (id, authority) = (ResourceId.New(ResourceKind.Gateway), Silo.Services.GetRequiredService<CertificateAuthority>());
        var gateway = Silo.Services.GetRequiredService<IGrainFactory>().GetGrain<IGatewayGrain>(id);
        await GrainCluster.As(GrainCluster.Tenant(account.Id), () => gateway.Provision(new GatewayProvision(
            account.Id, "turned", "Etc/UTC", new GatewayMetadata("host", "linux", "box", "1.0.0", []), "SHA256:test")));
        using var certificate = await GuardedSilo.IssueAsync(authority, account.Id, id);
        await gateway.RecordCertificate(certificate.GetCertHashString(HashAlgorithmName.SHA256), certificate.NotAfter);

        await using (var link = await RawLink.ConnectAsync(Silo.Services, IPEndPoint.Parse(Silo.Ready.LinkEndpoint), [authority.Certificate], certificate))
        {
            await link.GreetAsync(LinkClientId.New(id));
            await link.FrameAsync(RawLink.Request, GrainId.Create("sys.silo", "x"), GrainId.Create("gateway", id));
            await link.ClosedAsync();
        }

        var chain = await RecordedAsync(account, id, "gateway.link-breached");
        OutboxEntry? previous = null;
        foreach (var entry in chain.Select(Entry))
        {
            Assert.True(AuditHash.Follows(previous, entry), $"Record {entry.Number} ({entry.Kind}) does not follow.");
            previous = entry;
        }

        var breach = chain[^1];
        Assert.Equal(("gateway.link-breached", id, account.Id), (breach.Kind, breach.ActorId, breach.AccountId));
        Assert.Contains("a forged sender sys.silo/x", breach.Body, StringComparison.Ordinal);
        // The row goes on unharmed in the lists.
        Assert.Equal("turned", (await account.Client.GetGatewayAsync(id)).Name);
    }

    private static async Task<List<AuditRecordView>> RecordedAsync(TestAccount account, string aggregate, string kind)
    {
        var chain = new List<AuditRecordView>();
        // As an account's own program would: the API has no event to wait on.
        await Eventually.TrueAsync($"the audit of {aggregate} holds {kind}", async () =>
        {
            chain.Clear();
            await foreach (var record in account.Client.ListAuditAsync(aggregate)) chain.Add(record);
            return chain.Any(record => record.Kind == kind);
        });
        return chain;
    }

    private static OutboxEntry Entry(AuditRecordView record) => new(
        record.Number, record.Aggregate, record.AccountId, record.Kind, record.At, record.ActorId, record.Body,
        Convert.FromHexString(record.PreviousHash), Convert.FromHexString(record.Hash));
}
