using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Orleans.Serialization;
using Tidegate.Client.Grain.Agents;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Silo.Link;
using Tidegate.Silo.Pki;
using Xunit;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>
/// Layers 1 and 2 against a client that keeps to no rule: each breach closes its connection and is reported, and an
/// agent that does keep to them goes on undisturbed.
/// </summary>
[Collection(GuardedCollection.Name)]
public sealed class HostileWireTests(GuardedSilo silo)
{
    private const int Breach = 3001;

    [Fact]
    public async Task Only_certificates_of_this_service_that_count_now_get_past_TLS()
    {
        await using var victim = await LinkedAgent.ConnectAsync(silo);
        using var elsewhere = new OtherAuthority();
        using var foreign = await GuardedSilo.IssueAsync(elsewhere.Authority, victim.Gateway.AccountId, victim.Gateway.GatewayId);
        // The same CA, as it was two years ago: genuine, and expired for a year.
        var past = new CertificateAuthority((CaStore)silo.Services.GetService(typeof(CaStore))!, new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(53)));
        using var expired = await GuardedSilo.IssueAsync(past, victim.Gateway.AccountId, victim.Gateway.GatewayId);
        using var server = silo.Authority.IssueServerCertificate(["not-a-gateway"]);
        foreach (var certificate in new[] { null, foreign, expired, server })
        {
            await using var link = await TryConnectAsync(certificate);
            if (link is not null) Assert.Equal(0, await link.ClosedAsync());
        }
        await victim.WorksAsync();
    }

    [Fact]
    public async Task A_genuine_certificate_that_its_gateway_does_not_know_gets_no_further_than_its_preamble()
    {
        var gateway = await silo.NewGatewayAsync();
        using var unknown = await GuardedSilo.IssueAsync(silo.Authority, gateway.AccountId, gateway.GatewayId);
        await using var link = await RawLink.ConnectAsync(silo, unknown);
        await link.PreambleAsync(RawLink.Client(LinkClientId.New(gateway.GatewayId)));
        Assert.Equal(0, await link.ClosedAsync());
        await silo.Log.SeenAsync(Breach, "a certificate that its gateway does not know");
    }

    [Theory]
    [InlineData("sys.client", "hosted-127.0.0.1:11111@1")]
    [InlineData("sys.client", "someone+observer")]
    [InlineData("sys.silo", "01111111-1111-1111-1111-111111111111")]
    [InlineData("gateway", "gw-00000000000000000001")]
    public async Task A_preamble_names_an_outside_client_or_nobody(string type, string key)
    {
        await using var victim = await LinkedAgent.ConnectAsync(silo);
        await using var link = await RawLink.ConnectAsync(silo, (await silo.NewGatewayAsync()).Certificate);
        await link.PreambleAsync(GrainId.Create(type, key));
        Assert.Equal(0, await link.ClosedAsync());
        await silo.Log.SeenAsync(Breach, "which is no outside client");
        await victim.WorksAsync();
    }

    [Fact]
    public async Task Anothers_client_id_cannot_be_taken()
    {
        await using var victim = await LinkedAgent.ConnectAsync(silo);
        await using var link = await RawLink.ConnectAsync(silo, (await silo.NewGatewayAsync()).Certificate);
        await link.PreambleAsync(RawLink.Client(victim.Link.ClientId));
        Assert.Equal(0, await link.ClosedAsync());
        await silo.Log.SeenAsync(Breach, $"client id {victim.Link.ClientId}, which is not its gateway's");
        await victim.WorksAsync();
    }

    [Fact]
    public async Task Nobody_speaks_in_anothers_name()
    {
        await using var victim = await LinkedAgent.ConnectAsync(silo);
        GrainId[] names = [RawLink.Client(victim.Link.ClientId), RawLink.Gateway(victim.Gateway), RawLink.Client("hosted-127.0.0.1:1@1"), GrainId.Create("sys.svc.catalog", "x")];
        foreach (var name in names) await BreachAsync((link, _) => link.FrameAsync(RawLink.Request, name, RawLink.Gateway(victim.Gateway)), $"a forged sender {name}");
        await victim.WorksAsync();
    }

    [Theory]
    [InlineData("sys.svc.catalog"), InlineData("sys.svc.silo-control"), InlineData("sys.svc.dir.local"), InlineData("management"), InlineData("account"), InlineData("sys.client")]
    public async Task Nothing_but_open_grain_types_is_called(string type)
    {
        await using var victim = await LinkedAgent.ConnectAsync(silo);
        await BreachAsync((link, me) => link.FrameAsync(RawLink.Request, me, GrainId.Create(type, victim.Link.ClientId)), $"a call to {type}");
        await victim.WorksAsync();
    }

    [Fact]
    public async Task The_silo_forwards_nothing_to_an_address_that_a_client_chose()
    {
        var elsewhere = SiloAddress.New(IPAddress.Parse("127.0.0.1"), 9, 0);
        await BreachAsync((link, me) => link.FrameAsync(RawLink.Request, me, GrainId.Create("sys.svc.manifest", "x"), silo: elsewhere), "a call to a system target at 127.0.0.1:9");
    }

    [Fact]
    public async Task Responses_are_for_requests_that_were_sent_here()
    {
        await using var victim = await LinkedAgent.ConnectAsync(silo);
        // Correlation ids are one predictable counter: guess the lot of them.
        for (var guess = 0; guess < 3; guess++)
            await BreachAsync((link, me) => link.FrameAsync(RawLink.Response | RawLink.Success, me, RawLink.Gateway(victim.Gateway), id: guess), "a response to a request that was not sent here");
        await BreachAsync((link, me) => link.FrameAsync(RawLink.Response | RawLink.Rejection, me, RawLink.Gateway(victim.Gateway)), "a Rejection frame");
        await BreachAsync((link, me) => link.FrameAsync(RawLink.Response | RawLink.Status, me, RawLink.Gateway(victim.Gateway)), "a Status frame");
        await victim.WorksAsync();
    }

    [Fact]
    public async Task Frames_out_of_form_end_the_connection_and_nothing_else()
    {
        await using var victim = await LinkedAgent.ConnectAsync(silo);
        await BreachAsync((link, me) => link.FrameAsync(RawLink.Request | RawLink.CacheInvalidation, me, RawLink.Gateway(victim.Gateway)), "a cache invalidation header");
        await BreachAsync((link, me) => link.FrameAsync(0, me, RawLink.Gateway(victim.Gateway)), "a frame without a direction");
        await BreachAsync((link, _) => link.BytesAsync([.. RawLink.Length(LinkLimits.HeaderBytes + 1), .. RawLink.Length(0)]), "a header of 65537 bytes");
        await BreachAsync((link, _) => link.BytesAsync([.. RawLink.Length(0), .. RawLink.Length(0)]), "a header of 0 bytes");
        await BreachAsync((link, _) => link.BytesAsync([.. RawLink.Length(32), .. RawLink.Length(LinkLimits.BodyBytes + 1)]), "a body of 8388609 bytes");
        await BreachAsync((link, _) => link.BytesAsync([.. RawLink.Length(32), .. RawLink.Length(-1)]), "a body of -1 bytes");
        await BreachAsync((link, _) => link.BytesAsync([.. RawLink.Length(32), .. RawLink.Length(0), .. Enumerable.Repeat((byte)0xFF, 32)]), "a frame header that cannot be read");
        await victim.WorksAsync();
    }

    [Fact]
    public async Task Bodies_that_would_harm_a_decoder_do_not_reach_it()
    {
        await using var victim = await LinkedAgent.ConnectAsync(silo);
        var serializer = silo.Services.GetRequiredService<Serializer>();
        // An honest record, and before its end a field of a later version: 100,000 levels deep, then a long row of claims to eight million elements.
        var honest = serializer.SerializeToArray<object>(victim.Gateway.Caller);
        byte[] deep = [.. honest[..^1], 0x26, .. Enumerable.Repeat((byte)0x20, 100_000), .. Enumerable.Repeat((byte)0xE0, 100_002)];
        await BreachAsync((link, me) => link.FrameAsync(RawLink.Request, me, RawLink.Gateway(victim.Gateway), body: deep), "a body nested deeper than 16");
        var list = serializer.SerializeToArray<object>(new List<VolumeStatus> { new("vol-00000000000000000001", VolumeRunState.Pending, "", 0, 0, [], 0, 0) });
        var length = list.AsSpan().IndexOf([(byte)0x00, (byte)0x03]);
        byte[] claiming = [.. list[..(length + 1)], 0x08, 0x00, 0x00, 0x08, .. list[(length + 2)..]];
        await BreachAsync((link, me) => link.FrameAsync(RawLink.Request, me, RawLink.Gateway(victim.Gateway), body: claiming), "elements and has 1");
        foreach (var hostile in new object[] { new Dictionary<string, object>(), new Uri("http://127.0.0.1/"), typeof(string) })
        {
            await BreachAsync(
                (link, me) => link.FrameAsync(RawLink.Request, me, RawLink.Gateway(victim.Gateway), body: serializer.SerializeToArray<object>(hostile)), "open to no client");
        }

        await victim.WorksAsync();
    }

    private async Task BreachAsync(Func<RawLink, GrainId, Task> send, string reported)
    {
        var gateway = await silo.NewGatewayAsync();
        var client = LinkClientId.New(gateway.GatewayId);
        await using var link = await (await RawLink.ConnectAsync(silo, gateway.Certificate)).GreetAsync(client);
        await send(link, RawLink.Client(client));
        await link.ClosedAsync();
        await silo.Log.SeenAsync(Breach, $"gateway {gateway.GatewayId} (client {client}");
        Assert.Contains(silo.Log.Texts(Breach), text => text.Contains(gateway.GatewayId, StringComparison.Ordinal) && text.Contains(reported, StringComparison.Ordinal));
    }

    private async Task<RawLink?> TryConnectAsync(X509Certificate2? certificate)
    {
        try
        {
            return await RawLink.ConnectAsync(silo, certificate);
        }
        catch (Exception error) when (error is IOException or System.Security.Authentication.AuthenticationException)
        {
            return null;
        }
    }

    /// <summary>Another service's CA.</summary>
    private sealed class OtherAuthority : IDisposable
    {
        private readonly string _directory = Directory.CreateTempSubdirectory("tidegate-other-ca-").FullName;
        private readonly CaStore _keys;

        public OtherAuthority()
        {
            _keys = CaStore.Open(_directory, TimeProvider.System);
            Authority = new CertificateAuthority(_keys, TimeProvider.System);
        }

        public CertificateAuthority Authority { get; }

        public void Dispose()
        {
            _keys.Dispose();
            Directory.Delete(_directory, recursive: true);
        }
    }
}
