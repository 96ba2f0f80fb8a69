using System.Text.Json.Nodes;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Tests.Unit.Rest;
using Xunit;

namespace Tidegate.Tests.Unit.Cli;

public sealed class VolumeCommandTests
{
    private const string VolumePath = "/v1/volumes/" + Samples.VolumeId;

    [Fact]
    public async Task Create_reads_the_size_and_waits_until_it_is_served()
    {
        await using var api = (await FakeApi.StartAsync())
            .On("POST", "/v1/volumes", FakeReply.Ok(Samples.Volume()))
            .On("GET", VolumePath,
                FakeReply.Ok(Samples.Volume()), FakeReply.Ok(Samples.Volume(Samples.Status(VolumeRunState.Pending, served: false))),
                FakeReply.Ok(Samples.Volume(Samples.Status(VolumeRunState.Shadowing))));
        var run = await CliRun.Async(api, "volumes", "create", "--gateway", Samples.GatewayId, "--name", "data", "--size", "1GiB", "--wait", "-o", "json");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal("shadowing", (string?)run.Json["agentStatus"]!["state"]);
        Assert.Equal(1L << 30, (long)JsonNode.Parse(api.Asked("POST", "/v1/volumes").Single().Body)!["sizeBytes"]!);
        Assert.Equal(3, api.Asked("GET", VolumePath).Length);
        Assert.Empty(run.Errors);
    }

    [Fact]
    public async Task Resize_waits_until_the_gateway_serves_the_new_size()
    {
        var grown = Samples.Volume(Samples.Status(VolumeRunState.Shadowing) with { SizeBytes = 2L << 30 });
        await using var api = (await FakeApi.StartAsync())
            .On("PATCH", VolumePath, FakeReply.Ok(Samples.Volume(Samples.Status(VolumeRunState.Shadowing))))
            .On("GET", VolumePath, FakeReply.Ok(Samples.Volume(Samples.Status(VolumeRunState.Shadowing))), FakeReply.Ok(grown));
        var run = await CliRun.Async(api, "volumes", "resize", Samples.VolumeId, "--size", "2GiB", "--wait", "-o", "json");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(2L << 30, (long)run.Json["agentStatus"]!["sizeBytes"]!);
        Assert.Equal(2L << 30, (long)JsonNode.Parse(api.Asked("PATCH", VolumePath).Single().Body)!["sizeBytes"]!);
        Assert.Equal(2, api.Asked("GET", VolumePath).Length);
    }

    [Fact]
    public async Task Resolve_waits_out_the_divergence_that_it_ended_and_no_other()
    {
        var since = DateTimeOffset.UnixEpoch.AddDays(20_000);
        var before = Samples.Volume(Samples.Status(VolumeRunState.Diverged, served: false) with { Since = since });
        var path = VolumePath + "/divergence-resolutions";
        await using var api = (await FakeApi.StartAsync())
            .On("POST", path, FakeReply.Ok(before))
            .On("GET", VolumePath, FakeReply.Ok(before), FakeReply.Ok(Samples.Volume(Samples.Status(VolumeRunState.Shadowing))));
        var run = await CliRun.Async(api, "volumes", "resolve", Samples.VolumeId, "--keep", "local", "--yes", "--wait", "-o", "json");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal("shadowing", (string?)run.Json["agentStatus"]!["state"]);
        Assert.Equal("local", (string?)JsonNode.Parse(api.Asked("POST", path).Single().Body)!["keep"]);

        var anew = Samples.Volume(Samples.Status(VolumeRunState.Diverged, served: false) with { Since = since.AddSeconds(1), Reason = "again" });
        await using var again = (await FakeApi.StartAsync()).On("POST", path, FakeReply.Ok(before)).On("GET", VolumePath, FakeReply.Ok(before), FakeReply.Ok(anew));
        var failed = await CliRun.Async(again, "volumes", "resolve", Samples.VolumeId, "--keep", "service", "--yes", "--wait");
        Assert.Equal(8, failed.ExitCode);
        Assert.Contains("again", failed.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Changes_follow_the_pages_and_name_offsets()
    {
        await using var api = (await FakeApi.StartAsync()).On(
            "GET", $"/v1/snapshots/{Samples.SnapshotId}/changed-blocks",
            FakeReply.Ok(new Page<ChangedExtent>([new(65536, 131072)], "more")), FakeReply.Ok(new Page<ChangedExtent>([new(1 << 20, 65536)], null)));
        var run = await CliRun.Async(api, "snapshots", "changes", Samples.SnapshotId, "--since", "snap-before", "-o", "json");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal([65536, 1 << 20], run.Json.AsArray().Select(item => (long)item!["offsetBytes"]!));
        Assert.All(api.Asked("GET", $"/v1/snapshots/{Samples.SnapshotId}/changed-blocks"), asked => Assert.Contains("since=snap-before", asked.Query, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Deleting_a_snapshot_says_first_what_it_frees()
    {
        await using var api = (await FakeApi.StartAsync())
            .On("GET", "/v1/snapshots/" + Samples.SnapshotId, FakeReply.Ok(Samples.Snapshot(SnapshotState.Completed)))
            .On("POST", $"{VolumePath}/estimate-reclaim", FakeReply.Ok(new ReclaimEstimateView(3 << 20, IsAtLeast: true)))
            .On("DELETE", "/v1/snapshots/" + Samples.SnapshotId, FakeReply.Empty);
        var asked = await CliRun.Async(api, "snapshots", "estimate", Samples.SnapshotId);
        Assert.Equal(0, asked.ExitCode);
        Assert.Contains("at least 3 MiB", asked.Output, StringComparison.Ordinal);
        var done = await CliRun.Async(api, "snapshots", "delete", Samples.SnapshotId, "--yes");
        Assert.Equal(0, done.ExitCode);
        Assert.Single(api.Asked("DELETE", "/v1/snapshots/" + Samples.SnapshotId));
    }

    [Fact]
    public async Task Retention_changes_what_is_named_and_keeps_the_rest()
    {
        await using var api = (await FakeApi.StartAsync())
            .On("GET", $"{VolumePath}/retention", FakeReply.Ok(new RetentionView(86400, 3600, 604800)))
            .On("PUT", $"{VolumePath}/retention", FakeReply.Ok(new RetentionView(0, 3600, 604800)));
        var run = await CliRun.Async(api, "volumes", "retention", Samples.VolumeId, "--window", "0:00:00", "-o", "json");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(0, (long)run.Json["windowSeconds"]!);
        var body = JsonNode.Parse(api.Asked("PUT", $"{VolumePath}/retention").Single().Body)!;
        Assert.Equal((0, 3600), ((long)body["windowSeconds"]!, (long)body["thinEverySeconds"]!));
    }

    [Theory]
    [InlineData("1000001", "multiple of 4096")]
    [InlineData("big", "no size")]
    [InlineData("-4GiB", "no size")]
    public async Task A_wrong_size_asks_the_service_nothing(string size, string words)
    {
        await using var api = await FakeApi.StartAsync();
        var run = await CliRun.Async(api, "volumes", "create", "--gateway", Samples.GatewayId, "--name", "data", "--size=" + size);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(words, run.Errors, StringComparison.Ordinal);
        Assert.Contains("InvalidArgument", run.Errors, StringComparison.Ordinal);
        Assert.Empty(api.Requests);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("7")]
    public async Task A_span_that_is_none_is_explained(string span)
    {
        await using var api = await FakeApi.StartAsync();
        var run = await CliRun.Async(api, "volumes", "retention", Samples.VolumeId, "--window", span);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"'{span}' is no span of time for --window", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restore_waits_until_all_of_it_is_there_and_shows_how_far_it_is()
    {
        await using var api = (await FakeApi.StartAsync())
            .On("POST", "/v1/volumes", FakeReply.Ok(Samples.Volume()))
            .On("GET", VolumePath,
                FakeReply.Ok(Samples.Volume(Samples.Status(VolumeRunState.Restoring, hydrated: 256 << 20))),
                FakeReply.Ok(Samples.Volume(Samples.Status(VolumeRunState.Restoring, hydrated: 768 << 20))),
                FakeReply.Ok(Samples.Volume(Samples.Status(VolumeRunState.Shadowing))));
        var run = await CliRun.Async(api, "restore", Samples.SnapshotId, "--gateway", Samples.GatewayId, "--name", "r", "--wait");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(
            [$"Volume {Samples.VolumeId}: restoring, 256 MiB of 1 GiB, 20%", $"Volume {Samples.VolumeId}: restoring, 768 MiB of 1 GiB, 70%", $"Volume {Samples.VolumeId}: shadowing, 100%"],
            run.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(Samples.SnapshotId, (string?)JsonNode.Parse(api.Asked("POST", "/v1/volumes").Single().Body)!["sourceSnapshotId"]);
    }

    [Fact]
    public async Task A_volume_that_fails_while_it_is_waited_for_is_code_8_with_the_reason()
    {
        await using var api = (await FakeApi.StartAsync())
            .On("POST", "/v1/volumes", FakeReply.Ok(Samples.Volume()))
            .On("GET", VolumePath, FakeReply.Ok(Samples.Volume(Samples.Status(VolumeRunState.Failed, reason: "Corrupt: frame 7"))));
        var run = await CliRun.Async(api, "restore", Samples.SnapshotId, "--gateway", Samples.GatewayId, "--name", "r", "--wait");
        Assert.Equal(8, run.ExitCode);
        Assert.Contains("Corrupt: frame 7", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_longer_than_the_limit_is_code_9()
    {
        await using var api = (await FakeApi.StartAsync())
            .On("POST", $"{VolumePath}/snapshots", FakeReply.Ok(Samples.Snapshot(SnapshotState.Local)))
            .On("GET", "/v1/snapshots/" + Samples.SnapshotId, FakeReply.Ok(Samples.Snapshot(SnapshotState.Uploading, 0.4)));
        var run = await CliRun.Async(api, "snapshots", "create", Samples.VolumeId, "--wait", "--timeout", "1");
        Assert.Equal(9, run.ExitCode);
        Assert.Contains("[TimedOut]", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_snapshot_is_waited_for_through_the_services_trouble()
    {
        await using var api = (await FakeApi.StartAsync())
            .On("GET", "/v1/volumes", FakeReply.Ok(new Page<VolumeSummary>([Samples.VolumeEntry("data")], null)))
            .On("POST", $"{VolumePath}/snapshots", FakeReply.Ok(Samples.Snapshot(SnapshotState.Local)))
            .On("GET", "/v1/snapshots/" + Samples.SnapshotId,
                FakeReply.Problem(503, "GatewayTimeout", "slow"), FakeReply.Ok(Samples.Snapshot(SnapshotState.Uploading, 0.5)), FakeReply.Ok(Samples.Snapshot(SnapshotState.Completed, 1)));
        var run = await CliRun.Async(api, "snapshots", "create", "data", "--description", "before the upgrade", "--wait", "-o", "json");
        Assert.Equal("completed", (string?)run.Json["state"]);
    }

    [Fact]
    public async Task Delete_waits_until_it_has_left_service_and_gateway()
    {
        var gone = FakeReply.Problem(404, "NotFound", "gone");
        await using var api = (await FakeApi.StartAsync())
            .On("DELETE", VolumePath, FakeReply.Empty)
            .On("GET", VolumePath, FakeReply.Ok(Samples.Volume()), FakeReply.Ok(Samples.Volume()), gone)
            .On("GET", "/v1/gateways/" + Samples.GatewayId,
                FakeReply.Ok(Samples.GatewayDetails(volumes: Samples.Status(VolumeRunState.Shadowing))), FakeReply.Ok(Samples.GatewayDetails()));
        var run = await CliRun.Async(api, "volumes", "delete", Samples.VolumeId, "--wait", "-o", "json");
        Assert.Equal(("deleted", 0), ((string?)run.Json["done"], run.ExitCode));
        Assert.Equal(2, api.Asked("GET", "/v1/gateways/" + Samples.GatewayId).Length);
    }
}
