using System.Text.Json.Nodes;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Unit.Rest;
using Xunit;

namespace Tidegate.Tests.Unit.Cli;

public sealed class GatewayCommandTests
{
    [Fact]
    public async Task List_is_a_table_for_people_and_an_array_for_programs()
    {
        await using var api = (await FakeApi.StartAsync()).On("GET", "/v1/gateways", FakeReply.Ok(new Page<GatewaySummary>([Samples.Gateway("site-a")], null)));
        var people = await CliRun.Async(api, "gateways", "list");
        Assert.Contains("site-a", people.Output, StringComparison.Ordinal);
        Assert.Contains("Time zone", people.Output, StringComparison.Ordinal);
        var programs = await CliRun.Async(api, "gateways", "list", "-o", "json");
        Assert.Equal("site-a", (string?)Assert.Single(programs.Json.AsArray())!["name"]);
        Assert.Empty(programs.Errors);
    }

    [Fact]
    public async Task An_empty_list_says_what_to_do_and_prints_nothing_to_parse()
    {
        await using var api = (await FakeApi.StartAsync()).On("GET", "/v1/gateways", FakeReply.Ok(new Page<GatewaySummary>([], null)));
        var run = await CliRun.Async(api, "gateways", "list");
        Assert.Empty(run.Output);
        Assert.Contains("tidegate gateways activate", run.Errors, StringComparison.Ordinal);
        Assert.Empty((await CliRun.Async(api, "gateways", "list", "-o", "json")).Json.AsArray());
    }

    [Fact]
    public async Task Describe_takes_a_name_and_live_asks_the_agent()
    {
        var live = new GatewayLiveView("0.1.0", "i", Samples.At, "host-a", "Debian", 3, [Samples.Status(VolumeRunState.Shadowing)]);
        await using var api = (await FakeApi.StartAsync())
            .On("GET", "/v1/gateways", FakeReply.Ok(new Page<GatewaySummary>([Samples.Gateway("site")], null)))
            .On("GET", "/v1/gateways/" + Samples.GatewayId, FakeReply.Ok(Samples.GatewayDetails() with { Live = live }));
        var run = await CliRun.Async(api, "gateways", "describe", "site", "--live", "-o", "json");
        Assert.Equal("host-a", (string?)run.Json["live"]!["hostName"]);
        Assert.Equal("?name=site", api.Asked("GET", "/v1/gateways").Single().Query);
        Assert.Equal("?live=true", api.Asked("GET", "/v1/gateways/" + Samples.GatewayId).Single().Query);
    }

    [Fact]
    public async Task Alarms_of_all_gateways_are_one_list_and_those_of_one_are_its_own()
    {
        const string Other = "gw-00000000000000000002";
        var raised = new AlarmView(Samples.VolumeId, ["logFilling", "uplinkTooSlow"], Samples.At);
        await using var api = (await FakeApi.StartAsync())
            .On("GET", "/v1/gateways", FakeReply.Ok(new Page<GatewaySummary>([Samples.Gateway("quiet", Other), Samples.Gateway("site")], null)))
            .On("GET", "/v1/gateways/" + Other, FakeReply.Ok(Samples.GatewayDetails() with { GatewayId = Other, Name = "quiet" }))
            .On("GET", "/v1/gateways/" + Samples.GatewayId, FakeReply.Ok(Samples.GatewayDetails(connected: false) with { Alarms = [raised] }));
        var people = await CliRun.Async(api, "gateways", "alarms");
        Assert.Equal(0, people.ExitCode);
        Assert.Contains("logFilling, uplinkTooSlow", people.Output, StringComparison.Ordinal);
        var one = Assert.Single((await CliRun.Async(api, "gateways", "alarms", "-o", "json")).Json.AsArray())!;
        Assert.Equal((Samples.GatewayId, Samples.VolumeId, false), ((string?)one["gatewayId"], (string?)one["volumeId"], (bool)one["isConnected"]!));
        var none = await CliRun.Async(api, "gateways", "alarms", Other);
        Assert.Contains("No alarm is raised", none.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_ambiguous_name_is_refused_with_the_ids()
    {
        await using var api = (await FakeApi.StartAsync()).On("GET", "/v1/gateways", FakeReply.Ok(new Page<GatewaySummary>(
            [Samples.Gateway("Site", "gw-00000000000000000001"), Samples.Gateway("SITE", "gw-00000000000000000002")], null)));
        var run = await CliRun.Async(api, "gateways", "describe", "site");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("gw-00000000000000000001, gw-00000000000000000002", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Activate_shows_what_it_is_and_then_claims_it()
    {
        await using var api = (await FakeApi.StartAsync())
            .On("POST", "/v1/activations/preview", FakeReply.Ok(new ActivationPreviewView(Samples.Metadata, "SHA256:abc", Samples.At)))
            .On("POST", "/v1/activations/claim", FakeReply.Ok(new ActivationClaimView(Samples.AccountId, Samples.GatewayId, "site", "Europe/Zurich")));
        var run = await CliRun.Async(api, "gateways", "activate", "AAAAA-BBBBB", "--name", "site", "--time-zone", "Europe/Zurich");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("SHA256:abc", run.Output, StringComparison.Ordinal);
        Assert.Contains(Samples.GatewayId, run.Output, StringComparison.Ordinal);
        Assert.Equal(["/v1/activations/preview", "/v1/activations/claim"], api.Requests.Select(r => r.Path));
        var claim = JsonNode.Parse(api.Requests.Last().Body)!;
        Assert.Equal(("AAAAA-BBBBB", "site", "Europe/Zurich"), ((string?)claim["activationKey"], (string?)claim["name"], (string?)claim["timeZone"]));
    }

    [Fact]
    public async Task A_refused_preview_claims_nothing()
    {
        await using var api = (await FakeApi.StartAsync()).On("POST", "/v1/activations/preview", FakeReply.Problem(400, "ActivationKeyInvalid", "No."));
        var run = await CliRun.Async(api, "gateways", "activate", "hello", "--name", "site");
        Assert.Equal(5, run.ExitCode);
        Assert.Contains("the gateway shows now", run.Errors, StringComparison.Ordinal);
        Assert.Single(api.Requests);
    }

    [Fact]
    public async Task Bandwidth_changes_what_is_named_and_keeps_the_rest()
    {
        var path = $"/v1/gateways/{Samples.GatewayId}";
        var known = new BandwidthView(1000_000, 2000_000, [], "Europe/Zurich");
        await using var api = (await FakeApi.StartAsync())
            .On("GET", path, FakeReply.Ok(Samples.GatewayDetails() with { Bandwidth = known }))
            .On("PUT", path + "/bandwidth", FakeReply.Ok(known));
        var run = await CliRun.Async(
            api, "gateways", "bandwidth", Samples.GatewayId, "--upload", "unlimited", "--window", "fri-mon,wed 22:00-06:00 upload=2MiB", "-o", "json");
        Assert.Equal(0, run.ExitCode);
        var body = JsonNode.Parse(api.Asked("PUT", path + "/bandwidth").Single().Body)!;
        Assert.True(body.AsObject().ContainsKey("uploadBytesPerSecond"));
        Assert.Null(body["uploadBytesPerSecond"]);
        Assert.Equal((2000_000L, "Europe/Zurich"), ((long)body["downloadBytesPerSecond"]!, (string?)body["timeZone"]));
        var window = Assert.Single(body["windows"]!.AsArray())!;
        Assert.Equal(["friday", "saturday", "sunday", "monday", "wednesday"], window["days"]!.AsArray().Select(day => (string?)day));
        Assert.Equal(
            ("22:00", "06:00", 2L << 20, 2000_000L),
            ((string?)window["from"], (string?)window["to"], (long)window["uploadBytesPerSecond"]!, (long)window["downloadBytesPerSecond"]!));
        await CliRun.Async(api, "gateways", "bandwidth", Samples.GatewayId);
        Assert.Single(api.Asked("PUT", path + "/bandwidth"));
    }

    [Theory]
    [InlineData("--window", "some day")]
    [InlineData("--window", "mon 8:00-18:00 upload=1MiB")]
    [InlineData("--window", "mo 08:00-18:00 upload=1MiB")]
    [InlineData("--upload", "fast")]
    public async Task A_limit_that_is_none_is_refused_and_nothing_is_sent(string option, string text)
    {
        var path = $"/v1/gateways/{Samples.GatewayId}";
        await using var api = (await FakeApi.StartAsync()).On("GET", path, FakeReply.Ok(Samples.GatewayDetails()));
        var run = await CliRun.Async(api, "gateways", "bandwidth", Samples.GatewayId, option, text);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(text.Split(' ')[0], run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(api.Requests, static request => request.Method == "PUT");
    }
}
