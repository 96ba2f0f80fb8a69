using System.Text.Json;
using Tidegate.Client.Rest;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;
using Xunit;

namespace Tidegate.Tests.Unit.Rest;

public sealed class RestClientTests
{
    private const string Key = "tgk_0123456789abcdef0123_secret";

    [Fact]
    public async Task A_call_carries_the_key_and_reads_the_answer()
    {
        await using var api = (await FakeApi.StartAsync()).On("GET", "/v1/me", FakeReply.Ok(new CallerView(Role.AccountAdmin, Samples.AccountId, "key-1")));
        using var client = Client(api);
        Assert.Equal(new CallerView(Role.AccountAdmin, Samples.AccountId, "key-1"), await client.GetCallerAsync());
        Assert.Equal("Bearer " + Key, Assert.Single(api.Requests).Authorization);
    }

    [Fact]
    public async Task A_list_follows_its_page_tokens_and_keeps_its_filters()
    {
        await using var api = (await FakeApi.StartAsync()).On(
            "GET", "/v1/gateways",
            FakeReply.Ok(new Page<GatewaySummary>([Samples.Gateway("a"), Samples.Gateway("b")], "t+1/2")),
            FakeReply.Ok(new Page<GatewaySummary>([Samples.Gateway("c")], null)));
        using var client = Client(api);
        var names = await client.ListGatewaysAsync(name: "x&y", pageSize: 2).Select(g => g.Name).ToListAsync();
        Assert.Equal(["a", "b", "c"], names);
        Assert.Equal(["?name=x%26y&pageSize=2", "?name=x%26y&pageSize=2&pageToken=t%2B1%2F2"], api.Requests.Select(r => r.Query));
    }

    [Fact]
    public async Task A_list_that_never_ends_is_an_error()
    {
        await using var api = (await FakeApi.StartAsync()).On("GET", "/v1/gateways", FakeReply.Ok(new Page<GatewaySummary>([], "same")));
        using var client = Client(api);
        var error = await Assert.ThrowsAsync<TidegateException>(async () => await client.ListGatewaysAsync().ToListAsync());
        Assert.Equal(ErrorCodes.Internal, error.Code);
    }

    [Fact]
    public async Task A_problem_becomes_its_code_with_what_to_do_next()
    {
        await using var api = (await FakeApi.StartAsync()).On("GET", "/v1/volumes/vol-x", FakeReply.Problem(404, "NotFound", "There is no volume vol-x.", "List them."));
        using var client = Client(api);
        var error = await Assert.ThrowsAsync<TidegateException>(() => client.GetVolumeAsync("vol-x"));
        Assert.Equal(("NotFound", "There is no volume vol-x.", "List them."), (error.Code, error.Message, error.NextStep));
    }

    [Theory]
    [InlineData(400, ErrorCodes.InvalidArgument)]
    [InlineData(401, ErrorCodes.Unauthenticated)]
    [InlineData(403, ErrorCodes.Forbidden)]
    [InlineData(404, ErrorCodes.NotFound)]
    [InlineData(409, ErrorCodes.InvalidState)]
    [InlineData(500, ErrorCodes.Internal)]
    public async Task An_answer_without_our_members_is_told_by_its_status(int status, string code)
    {
        await using var api = (await FakeApi.StartAsync()).On("GET", "/v1/me", new FakeReply(status, "<html>a proxy</html>", "text/html"));
        using var client = Client(api);
        Assert.Equal(code, (await Assert.ThrowsAsync<TidegateException>(() => client.GetCallerAsync())).Code);
    }

    [Theory]
    [InlineData(503, ErrorCodes.Unavailable, 3)]
    [InlineData(429, ErrorCodes.RateLimited, 3)]
    [InlineData(503, ErrorCodes.GatewayNotConnected, 1)]
    [InlineData(504, ErrorCodes.GatewayTimeout, 1)]
    [InlineData(404, ErrorCodes.NotFound, 1)]
    public async Task The_services_own_trouble_is_waited_out_and_nothing_else(int status, string code, int attempts)
    {
        await using var api = (await FakeApi.StartAsync()).On("GET", "/v1/me", FakeReply.Problem(status, code, "x"));
        using var client = Client(api, attempts: 3);
        Assert.Equal(code, (await Assert.ThrowsAsync<TidegateException>(() => client.GetCallerAsync())).Code);
        Assert.Equal(attempts, api.Requests.Count);
    }

    [Fact]
    public async Task A_change_that_may_have_been_made_is_not_repeated()
    {
        await using var api = (await FakeApi.StartAsync()).On("POST", "/v1/volumes", FakeReply.Problem(503, ErrorCodes.Unavailable, "x"));
        using var client = Client(api);
        await Assert.ThrowsAsync<TidegateException>(() => client.CreateVolumeAsync(new CreateVolumeRequest(Samples.GatewayId, "a", 1 << 20)));
        Assert.Single(api.Requests);
    }

    [Fact]
    public async Task A_snapshot_is_repeated_under_one_idempotency_key()
    {
        await using var api = (await FakeApi.StartAsync()).On(
            "POST", $"/v1/volumes/{Samples.VolumeId}/snapshots",
            FakeReply.Problem(503, ErrorCodes.Unavailable, "x"), FakeReply.Ok(Samples.Snapshot(SnapshotState.Local)));
        using var client = Client(api);
        var snapshot = await client.CreateSnapshotAsync(Samples.VolumeId, new CreateSnapshotRequest("d"));
        Assert.Equal(SnapshotState.Local, snapshot.State);
        var keys = api.Requests.Select(r => r.IdempotencyKey).ToArray();
        Assert.Equal(2, keys.Length);
        Assert.Equal(keys[0], keys[1]);
        Assert.Equal(32, keys[0].Length);
    }

    [Fact]
    public async Task Nothing_at_the_address_is_unavailable_and_says_what_to_check()
    {
        Uri gone;
        await using (var api = await FakeApi.StartAsync()) gone = api.Url;
        using var client = new TidegateRestClient(new RestClientOptions { Endpoint = gone, MaxAttempts = 2, RetryDelay = TimeSpan.FromMilliseconds(1) });
        var error = await Assert.ThrowsAsync<TidegateException>(() => client.GetCallerAsync());
        Assert.Equal(ErrorCodes.Unavailable, error.Code);
        Assert.Contains(gone.Authority, error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.NextStep);
    }

    [Fact]
    public async Task An_answer_that_is_not_understood_is_an_error_not_a_default()
    {
        await using var api = (await FakeApi.StartAsync()).On("GET", "/v1/me", new FakeReply(200, "{\"role\":3,"));
        using var client = Client(api);
        Assert.Equal(ErrorCodes.Internal, (await Assert.ThrowsAsync<TidegateException>(() => client.GetCallerAsync())).Code);
    }

    [Fact]
    public void Every_fault_of_the_options_is_named_at_once()
    {
        var options = new RestClientOptions { Endpoint = new Uri("http://example.net"), CaFile = "/nowhere/ca.pem", MaxAttempts = 0 };
        var error = Assert.Throws<TidegateException>(() => new TidegateRestClient(options));
        Assert.Contains("plain HTTP", error.Message, StringComparison.Ordinal);
        Assert.Contains("/nowhere/ca.pem", error.Message, StringComparison.Ordinal);
        Assert.Contains("attempts", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Secrets_print_redacted()
    {
        Assert.DoesNotContain(Key, new CreatedApiKey("key-1", Key).ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Key, new RestClientOptions { Endpoint = new Uri("https://a"), ApiKey = Key }.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_json_is_camel_case_with_enums_as_words()
    {
        var json = JsonSerializer.Serialize(Samples.Volume(Samples.Status(VolumeRunState.PassThrough)), RestJson.Default.VolumeView);
        Assert.Contains("\"state\":\"passThrough\"", json, StringComparison.Ordinal);
        Assert.Contains("\"createdAt\":\"2026-03-04T05:06:07+00:00\"", json, StringComparison.Ordinal);
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("{\"role\":3,\"accountId\":\"\",\"keyId\":\"\"}", RestJson.Default.CallerView));
    }

    private static TidegateRestClient Client(FakeApi api, int attempts = 3) => new(
        new RestClientOptions { Endpoint = api.Url, ApiKey = Key, MaxAttempts = attempts, RetryDelay = TimeSpan.FromMilliseconds(1) });
}
