using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tidegate.Client.Grain.Agents;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Projections;
using Xunit;

namespace Tidegate.Tests.Cluster.Silo;

/// <summary>What a silo promises at its listeners, on either state store. One silo serves all the tests of a class.</summary>
public abstract partial class SiloContract(SiloContract.Fixture fixture)
{
    private SiloUnderTest Silo => fixture.Silo;

    [Fact]
    public async Task The_operators_key_opens_an_account_whose_key_stands_for_it()
    {
        using var account = await NewAccountAsync("Acme");
        var caller = await account.Client.GetCallerAsync();
        Assert.Equal((Role.AccountAdmin, account.Id), (caller.Role, caller.AccountId));
        Assert.Equal("Acme", (await account.Client.GetAccountAsync(account.Id)).Name);
        Assert.Equal(Role.Operator, (await Silo.Client(Silo.OperatorKey).GetCallerAsync()).Role);
    }

    [Fact]
    public async Task Wrong_keys_are_all_refused_alike()
    {
        using var account = await NewAccountAsync("keys");
        var lastDigit = account.Key[^1] == 'A' ? 'B' : 'A';
        var details = new HashSet<string>();
        foreach (var key in new[] { null, "nonsense", account.Key[..^1] + lastDigit, "tgk_" + new string('0', 20) + "_" + new string('A', 43) })
        {
            using var http = Silo.Http(Silo.Ready.ApiUrl, key);
            using var response = await http.GetAsync("/v1/me");
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
            var problem = (await response.Content.ReadFromJsonAsync(RestJson.Default.ProblemView))!;
            Assert.Equal(ErrorCodes.Unauthenticated, problem.Code);
            details.Add(problem.Detail!);
        }

        Assert.Single(details);
    }

    [Fact]
    public async Task A_revoked_key_is_refused()
    {
        using var account = await NewAccountAsync("revoked");
        var second = await account.Client.CreateApiKeyAsync(account.Id, new CreateApiKeyRequest("second", Role.AccountAdmin));
        Assert.Equal(account.Id, (await Silo.Client(second.ApiKey).GetCallerAsync()).AccountId);
        await account.Client.RevokeApiKeyAsync(second.KeyId);
        await AssertCodeAsync(ErrorCodes.Unauthenticated, () => Silo.Client(second.ApiKey).GetCallerAsync());
    }

    [Fact]
    public async Task What_is_foreign_and_what_is_missing_look_the_same()
    {
        using var mine = await NewAccountAsync("mine");
        using var other = await NewAccountAsync("other");
        foreach (var id in new[] { other.Id, "999999999999", "nonsense" })
        {
            var refusal = await AssertCodeAsync(ErrorCodes.NotFound, () => mine.Client.GetAccountAsync(id));
            Assert.Equal($"Account {id} does not exist.", refusal.Message);
        }

        await AssertCodeAsync(ErrorCodes.NotFound, () => mine.Client.CreateApiKeyAsync(other.Id, new CreateApiKeyRequest("theft", Role.AccountAdmin)));
        await AssertCodeAsync(ErrorCodes.NotFound, () => mine.Client.RevokeApiKeyAsync(other.KeyId));
        await AssertCodeAsync(ErrorCodes.NotFound, () => mine.Client.GetGatewayAsync("gw-00000000000000000000"));
        await AssertCodeAsync(ErrorCodes.NotFound, () => mine.Client.GetGatewayAsync("../accounts"));
        await AssertCodeAsync(ErrorCodes.NotFound, () => mine.Client.GetVolumeAsync("vol-00000000000000000000"));
        await AssertCodeAsync(ErrorCodes.NotFound, () => mine.Client.DeleteVolumeAsync("vol-00000000000000000000"));
        await AssertCodeAsync(ErrorCodes.NotFound, () => mine.Client.SetObjectiveAsync("vol-00000000000000000000", 5));
        await AssertCodeAsync(ErrorCodes.NotFound, () => mine.Client.SetBandwidthAsync("gw-00000000000000000000", BandwidthView.Unlimited));
        await AssertCodeAsync(ErrorCodes.NotFound, () => mine.Client.GetSnapshotAsync("snap-00000000000000000000"));
        await AssertCodeAsync(ErrorCodes.NotFound, () => mine.Client.CreateSnapshotAsync("vol-00000000000000000000", new CreateSnapshotRequest("")));
        await AssertCodeAsync(ErrorCodes.NotFound, () => mine.Client.CreateVolumeAsync(new CreateVolumeRequest("gw-00000000000000000000", "disk", 1 << 20)));
    }

    [Fact]
    public async Task Only_the_operator_opens_accounts_and_makes_operators()
    {
        using var account = await NewAccountAsync("tenant");
        await AssertCodeAsync(ErrorCodes.Forbidden, () => account.Client.CreateAccountAsync(new CreateAccountRequest("more")));
        await AssertCodeAsync(ErrorCodes.Forbidden, () => account.Client.CreateApiKeyAsync(account.Id, new CreateApiKeyRequest("up", Role.Operator)));
    }

    [Theory]
    [InlineData("""{"name":5}""", "application/json", 400)]
    [InlineData("""{"name":""", "application/json", 400)]
    [InlineData("", "application/json", 400)]
    [InlineData("name=x", "application/x-www-form-urlencoded", 415)]
    public async Task A_malformed_body_is_explained(string body, string mediaType, int status)
    {
        using var http = Silo.Http(Silo.Ready.ApiUrl, Silo.OperatorKey);
        using var content = new StringContent(body, Encoding.UTF8, mediaType);
        using var response = await http.PostAsync("/v1/accounts", content);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        var problem = (await response.Content.ReadFromJsonAsync(RestJson.Default.ProblemView))!;
        Assert.Equal((ErrorCodes.InvalidArgument, status), (problem.Code, problem.Status));
        Assert.False(string.IsNullOrEmpty(problem.TraceId));
    }

    [Theory]
    [InlineData("POST", "estimate-reclaim", "{}", "snapshotIds")]
    [InlineData("POST", "estimate-reclaim", """{"snapshotIds":null}""", "snapshotIds")]
    [InlineData("POST", "erasure", "{}", "confirm")]
    [InlineData("PUT", "retention", """{"windowSecond":86400}""", "windowSeconds")]
    [InlineData("PUT", "objective", """{"recoveryPoint":5}""", "recoveryPointSeconds")]
    [InlineData("PUT", "../../gateways/gw-00000000000000000000/bandwidth", """{"uploadBytesPerSeconds":5,"downloadBytesPerSecond":null,"windows":[]}""", "uploadBytesPerSecond")]
    public async Task What_a_body_lacks_is_asked_for_and_never_taken_for_nothing(string method, string path, string body, string named)
    {
        using var account = await NewAccountAsync("lacking");
        using var http = Silo.Http(Silo.Ready.ApiUrl, account.Key);
        using var request = new HttpRequestMessage(new HttpMethod(method), $"/v1/volumes/vol-00000000000000000000/{path}") { Content = SiloUnderTest.Json(body) };
        using var response = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(named, (await response.Content.ReadFromJsonAsync(RestJson.Default.ProblemView))!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused()
    {
        using var http = Silo.Http(Silo.Ready.ApiUrl, Silo.OperatorKey);
        // The service refuses by the announced length; a client that is already sending may lose the answer to a reset.
        http.DefaultRequestHeaders.ExpectContinue = true;
        using var body = SiloUnderTest.Json($$"""{"name":"{{new string('x', 70_000)}}"}""");
        using var response = await http.PostAsync("/v1/accounts", body);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    [Fact]
    public async Task A_repeated_request_with_one_idempotency_key_makes_one_account()
    {
        using var http = Silo.Http(Silo.Ready.ApiUrl, Silo.OperatorKey);
        http.DefaultRequestHeaders.Add("Idempotency-Key", "open-the-shop");
        var ids = new HashSet<string>();
        for (var attempt = 0; attempt < 3; attempt++)
        {
            using var body = SiloUnderTest.Json("""{"name":"shop"}""");
            using var response = await http.PostAsync("/v1/accounts", body);
            ids.Add((await response.Content.ReadFromJsonAsync(RestJson.Default.AccountView))!.AccountId);
        }

        Assert.Single(ids);
    }

    [Theory]
    [InlineData("/v1/gateways?pageSize=0")]
    [InlineData("/v1/gateways?pageSize=many")]
    [InlineData("/v1/volumes?pageToken=invented")]
    [InlineData("/v1/audit?pageSize=201")]
    public async Task A_malformed_page_is_refused(string path)
    {
        using var account = await NewAccountAsync("pages");
        using var http = Silo.Http(Silo.Ready.ApiUrl, account.Key);
        using var response = await http.GetAsync(path);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task The_audit_log_is_paged_chained_and_the_accounts_own()
    {
        using var account = await NewAccountAsync("audited");
        using var other = await NewAccountAsync("other");
        for (var number = 0; number < 4; number++)
            await account.Client.CreateApiKeyAsync(account.Id, new CreateApiKeyRequest($"key {number}", Role.AccountAdmin));
        var ended = await account.Client.CreateApiKeyAsync(account.Id, new CreateApiKeyRequest("ended", Role.AccountAdmin));
        await account.Client.RevokeApiKeyAsync(ended.KeyId);

        var records = new List<AuditRecordView>();
        await foreach (var record in account.Client.ListAuditAsync(pageSize: 2)) records.Add(record);

        Assert.All(records, record => Assert.Equal(account.Id, record.AccountId));
        Assert.Equal(8, records.Count);
        Assert.Equal(["account.created", .. Enumerable.Repeat("api-key.created", 6), "api-key.revoked"], records.Select(record => record.Kind));
        Assert.All(records.GroupBy(record => record.Aggregate), chain => Assert.All(
            chain.Zip(chain.Skip(1)), pair => Assert.Equal((pair.First.Hash, pair.First.Number + 1), (pair.Second.PreviousHash, pair.Second.Number))));
        Assert.Equal(2, records.Count(record => record.Aggregate == records[^1].Aggregate));
    }

    [Theory]
    [InlineData("AAAAA-AAAAA-AAAAA-AAAAA-AAAAAA")]
    [InlineData("00000-00000-00000-00000-000000")]
    [InlineData("short")]
    public async Task An_activation_key_that_matches_nothing_says_so(string key)
    {
        using var account = await NewAccountAsync("guesser");
        await AssertCodeAsync(ErrorCodes.ActivationKeyNotFound, () => account.Client.PreviewActivationAsync(new ActivationPreviewRequest(key)));
        await AssertCodeAsync(ErrorCodes.ActivationKeyNotFound, () => account.Client.ClaimActivationAsync(new ActivationClaimRequest(key, "gw", "Europe/Zurich")));
    }

    [Fact]
    public async Task A_gateway_is_activated_over_https_from_key_pair_to_discovery()
    {
        using var account = await NewAccountAsync("activating");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var http = Silo.Http(Silo.Ready.AgentsUrl);
        var publicKey = key.ExportSubjectPublicKeyInfo();
        var request = new ActivationSessionRequest(publicKey, new GatewayMetadata("host", "os", "hardware", "0.1.0", ["192.0.2.1"]), key.SignData(publicKey, HashAlgorithmName.SHA256));
        using var another = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var unsigned = request with { Signature = another.SignData(publicKey, HashAlgorithmName.SHA256) };
        Assert.Equal(HttpStatusCode.BadRequest, (await http.PostAsJsonAsync("/agent/v1/activation/sessions", unsigned, ActivationJson.Default.ActivationSessionRequest)).StatusCode);

        using var opened = await http.PostAsJsonAsync("/agent/v1/activation/sessions", request, ActivationJson.Default.ActivationSessionRequest);
        var session = (await opened.Content.ReadFromJsonAsync(ActivationJson.Default.ActivationSessionReply))!;
        Assert.Equal(ActivationPollState.Pending, (await PollAsync(http, session.SessionId, key)).State);
        Assert.Equal("host", (await account.Client.PreviewActivationAsync(new ActivationPreviewRequest(session.ActivationKey.Reveal().ToLowerInvariant()))).Metadata.HostName);
        await AssertCodeAsync(ErrorCodes.InvalidArgument, () => account.Client.ClaimActivationAsync(new ActivationClaimRequest(session.ActivationKey, "first", "Mars/Phobos")));
        var claim = await account.Client.ClaimActivationAsync(new ActivationClaimRequest(session.ActivationKey, "first", "Europe/Zurich"));
        var polled = await PollAsync(http, session.SessionId, key);
        Assert.Equal((claim.GatewayId, account.Id), (polled.Claim!.GatewayId, polled.Claim.AccountId));

        var csr = new CertificateRequest($"O={account.Id}, CN={claim.GatewayId}", key, HashAlgorithmName.SHA256).CreateSigningRequest();
        using var issued = await http.PostAsJsonAsync(
            "/agent/v1/activation/certificate", new ActivationCertificateRequest(session.SessionId, session.ActivationKey, csr), ActivationJson.Default.ActivationCertificateRequest);
        var reply = (await issued.Content.ReadFromJsonAsync(ActivationJson.Default.ActivationCertificateReply))!;
        Assert.Equal(await File.ReadAllTextAsync(Silo.Ready.CaFile), reply.CaPem);

        var discovery = new LinkDiscoveryRequest(LinkClientId.New(claim.GatewayId), LinkWire.Version, "0.1.0");
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.PostAsJsonAsync(LinkWire.DiscoveryPath, discovery, LinkJson.Default.LinkDiscoveryRequest)).StatusCode);
        using var bare = X509Certificate2.CreateFromPem(reply.CertificatePem);
        using var certificate = bare.CopyWithPrivateKey(key);
        using var mutual = Silo.Http(Silo.Ready.AgentsUrl, certificate: certificate);
        using var discovered = await mutual.PostAsJsonAsync(LinkWire.DiscoveryPath, discovery, LinkJson.Default.LinkDiscoveryRequest);
        Assert.Equal(HttpStatusCode.OK, discovered.StatusCode);
        var offered = Assert.Single((await discovered.Content.ReadFromJsonAsync(LinkJson.Default.LinkDiscoveryReply))!.Endpoints);
        Assert.Equal((Silo.Ready.LinkEndpoint, Silo.Ready.AgentsUrl), (offered.Dial, offered.AgentsUrl));

        await AssertCodeAsync(ErrorCodes.GatewayNotConnected, () => account.Client.GetGatewayAsync(claim.GatewayId, live: true));
        var volume = await account.Client.CreateVolumeAsync(new CreateVolumeRequest(claim.GatewayId, "disk", 64 << 20));
        Assert.Equal(claim.GatewayId, (await account.Client.GetVolumeAsync(volume.VolumeId)).GatewayId);
        using var stranger = await NewAccountAsync("stranger");
        await AssertCodeAsync(ErrorCodes.NotFound, () => stranger.Client.GetVolumeAsync(volume.VolumeId));
        await AssertCodeAsync(ErrorCodes.NotFound, () => stranger.Client.GetGatewayAsync(claim.GatewayId));
        await AssertCodeAsync(ErrorCodes.NameInUse, () => account.Client.CreateVolumeAsync(new CreateVolumeRequest(claim.GatewayId, "disk", 64 << 20)));
        Assert.Equal([volume.VolumeId], await account.Client.ListVolumesAsync(gatewayId: claim.GatewayId).Select(listed => listed.VolumeId).ToListAsync());
        Assert.Empty(await stranger.Client.ListVolumesAsync(gatewayId: claim.GatewayId).ToListAsync());
        Assert.Equal("renamed", (await account.Client.RenameGatewayAsync(claim.GatewayId, new RenameGatewayRequest("renamed"))).Name);
        Assert.Equal([claim.GatewayId], await account.Client.ListGatewaysAsync(name: "renamed").Select(listed => listed.GatewayId).ToListAsync());
        await account.Client.DeactivateGatewayAsync(claim.GatewayId);
        Assert.Equal(HttpStatusCode.Forbidden, (await mutual.PostAsJsonAsync(LinkWire.DiscoveryPath, discovery, LinkJson.Default.LinkDiscoveryRequest)).StatusCode);
    }

    private static async Task<ActivationPollReply> PollAsync(HttpClient http, string sessionId, ECDsa key)
    {
        var poll = new ActivationPollRequest(sessionId, key.SignData(Encoding.ASCII.GetBytes($"tidegate-poll:{sessionId}"), HashAlgorithmName.SHA256));
        using var response = await http.PostAsJsonAsync("/agent/v1/activation/poll", poll, ActivationJson.Default.ActivationPollRequest);
        return (await response.Content.ReadFromJsonAsync(ActivationJson.Default.ActivationPollReply))!;
    }

    [Fact]
    public async Task Each_listener_serves_its_own_routes()
    {
        using var agents = Silo.Http(Silo.Ready.AgentsUrl, Silo.OperatorKey);
        using var api = Silo.Http(Silo.Ready.ApiUrl, Silo.OperatorKey);
        Assert.Equal(HttpStatusCode.NotFound, (await agents.GetAsync("/v1/me")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await agents.GetAsync("/healthz/live")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await api.PostAsync("/agent/v1/activation/poll", SiloUnderTest.Json("{}"))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await api.GetAsync("/data/v1/a?ticket=b")).StatusCode);
        Assert.Equal("live\n", await api.GetStringAsync("/healthz/live"));
        Assert.Equal("ready\n", await api.GetStringAsync("/healthz/ready"));
    }

    [Fact]
    public async Task The_description_names_every_route_with_its_errors()
    {
        using var http = Silo.Http(Silo.Ready.ApiUrl);
        using var document = JsonDocument.Parse(await http.GetStringAsync("/openapi/v1.json"));
        var described = document.RootElement.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(method => $"{method.Name.ToUpperInvariant()} {path.Name}")).Order();
        var served = Silo.Services.GetServices<Microsoft.AspNetCore.Routing.EndpointDataSource>().SelectMany(source => source.Endpoints)
            .OfType<Microsoft.AspNetCore.Routing.RouteEndpoint>()
            .Where(route => route.RoutePattern.RawText!.StartsWith("/v1/", StringComparison.Ordinal))
            .SelectMany(route => route.Metadata.GetMetadata<Microsoft.AspNetCore.Routing.HttpMethodMetadata>()!.HttpMethods.Select(method => $"{method} {route.RoutePattern.RawText}")).Order();
        Assert.Equal(served, described);
        var secret = document.RootElement.GetProperty("components").GetProperty("schemas").GetProperty("CreatedApiKey").GetProperty("properties").GetProperty("apiKey");
        if (secret.TryGetProperty("$ref", out var reference)) secret = document.RootElement.GetProperty("components").GetProperty("schemas").GetProperty(reference.GetString()!.Split('/')[^1]);
        Assert.Equal("password", secret.GetProperty("format").GetString());
        Assert.Equal(AccessTable().Keys.Count(static operation => operation.Contains(" /v1/", StringComparison.Ordinal)), described.Count());
        var keyed = document.RootElement.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject())
            .Where(operation => operation.Value.TryGetProperty("parameters", out var parameters)
                && parameters.EnumerateArray().Any(parameter => parameter.GetProperty("name").GetString() == "Idempotency-Key"))
            .Select(operation => operation.Value.GetProperty("operationId").GetString()).Order();
        Assert.Equal(["acceptOffer", "createAccount", "createSnapshot", "createSnapshotGroup", "createVolume", "offerSnapshot", "resolveDivergence"], keyed);
        foreach (var operation in document.RootElement.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject()))
        {
            Assert.True(operation.Value.GetProperty("responses").TryGetProperty("401", out var refusal), operation.Name);
            Assert.True(refusal.GetProperty("content").TryGetProperty("application/problem+json", out _));
            Assert.False(string.IsNullOrEmpty(operation.Value.GetProperty("summary").GetString()));
        }
    }

    [Fact]
    public async Task The_projection_can_be_made_anew_from_the_audit_log()
    {
        using var account = await NewAccountAsync("projected");
        var reader = Silo.Services.GetRequiredService<ProjectionReader>();
        var query = new ResourceQuery("apiKey", account.Id);
        await account.Client.RevokeApiKeyAsync((await account.Client.CreateApiKeyAsync(account.Id, new CreateApiKeyRequest("gone", Role.AccountAdmin))).KeyId);
        var before = await reader.ResourcesAsync(query, "", "", 100, CancellationToken.None);
        Assert.Single(before);

        var rebuilder = new ProjectionRebuilder(Silo.Services.GetRequiredService<Tidegate.Silo.Schema.StateStore>(), TimeProvider.System);
        Assert.True(await rebuilder.RebuildAsync() > 3);

        var after = await reader.ResourcesAsync(query, "", "", 100, CancellationToken.None);
        Assert.Equal(before.Select(row => (row.Id, row.Body.GetRawText())), after.Select(row => (row.Id, row.Body.GetRawText())));
        Assert.False(await rebuilder.RebuildIfOutdatedAsync());
    }

    private async Task<TestAccount> NewAccountAsync(string name)
    {
        var administrator = Silo.Client(Silo.OperatorKey);
        var account = await administrator.CreateAccountAsync(new CreateAccountRequest(name));
        var key = await administrator.CreateApiKeyAsync(account.AccountId, new CreateApiKeyRequest("first", Role.AccountAdmin));
        return new TestAccount(account.AccountId, key.KeyId, key.ApiKey.Reveal(), Silo.Client(key.ApiKey));
    }

    private static async Task<TidegateException> AssertCodeAsync(string code, Func<Task> call)
    {
        var refusal = await Assert.ThrowsAsync<TidegateException>(call);
        Assert.Equal(code, refusal.Code);
        return refusal;
    }

    private sealed record TestAccount(string Id, string KeyId, string Key, Client.Rest.TidegateRestClient Client) : IDisposable
    {
        public void Dispose() => Client.Dispose();
    }

    private sealed class UnsizedStream : MemoryStream
    {
        public override bool CanSeek => false;
    }

    /// <summary>The silo of a test class.</summary>
    public abstract class Fixture : IAsyncLifetime
    {
        internal SiloUnderTest Silo { get; private set; } = null!;

        protected string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("tg-silo-").FullName;

        public async ValueTask InitializeAsync() => Silo = await SiloUnderTest.StartAsync(await SettingsAsync());

        public async ValueTask DisposeAsync()
        {
            if (Silo is not null) await Silo.DisposeAsync();
            System.IO.Directory.Delete(Directory, recursive: true);
            GC.SuppressFinalize(this);
        }

        protected abstract Task<Dictionary<string, string?>> SettingsAsync();
    }
}
