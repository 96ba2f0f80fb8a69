using System.Text.Json.Nodes;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Tests.Unit.Rest;
using Xunit;

namespace Tidegate.Tests.Unit.Cli;

public sealed class PointCommandTests
{
    private const string PointsPath = "/v1/volumes/" + Samples.VolumeId + "/recovery-points";
    private const string SnapshotsPath = "/v1/volumes/" + Samples.VolumeId + "/snapshots";
    private static readonly DateTimeOffset At = new(2026, 1, 31, 17, 30, 0, TimeSpan.Zero);

    [Fact]
    public async Task List_follows_the_pages()
    {
        RecoveryPointView[] points = [new(3, At, At, true), new(8, At.AddHours(1), At, false), new(9, At.AddHours(2), At, false)];
        await using var api = (await FakeApi.StartAsync()).On(
            "GET", PointsPath, FakeReply.Ok(new RecoveryPointsView(points[1], points[2], points[..2], "more")),
            FakeReply.Ok(new RecoveryPointsView(points[1], points[2], points[2..], null)));
        var run = await CliRun.Async(api, "points", "list", Samples.VolumeId, "-o", "json");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal([3, 8, 9], run.Json.AsArray().Select(item => (int)item!["sequence"]!));
        Assert.Equal([true, false, false], run.Json.AsArray().Select(item => (bool)item!["isThinned"]!));
        Assert.Contains("pageToken=more", api.Asked("GET", PointsPath)[1].Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_point_is_named_by_time_or_by_sequence_for_snapshots_and_for_restores()
    {
        await using var api = (await FakeApi.StartAsync())
            .On("POST", SnapshotsPath, FakeReply.Ok(Samples.Snapshot(SnapshotState.Completed)))
            .On("POST", "/v1/volumes", FakeReply.Ok(Samples.Volume() with { RestoredPoint = new RestoredPointView(Samples.VolumeId, 8, At) }));
        Assert.Equal(0, (await CliRun.Async(api, "snapshots", "create", Samples.VolumeId, "--at", "2026-01-31T18:30:00+01:00")).ExitCode);
        Assert.Equal(At, (DateTimeOffset)Body(api, SnapshotsPath)["point"]!["at"]!);
        var restored = await CliRun.Async(api, "restore", "--volume", Samples.VolumeId, "--sequence", "8", "--gateway", Samples.GatewayId, "--name", "then");
        Assert.Equal(0, restored.ExitCode);
        Assert.Contains($"{Samples.VolumeId} at 8", restored.Output, StringComparison.Ordinal);
        var source = Body(api, "/v1/volumes")["sourcePoint"]!;
        Assert.Equal((Samples.VolumeId, 8), ((string)source["volumeId"]!, (int)source["sequence"]!));
    }

    [Fact]
    public async Task What_names_no_point_is_refused_before_the_service_is_asked()
    {
        await using var api = await FakeApi.StartAsync();
        string[][] wrong =
        [
            ["snapshots", "create", Samples.VolumeId, "--at", "yesterday"],
            ["snapshots", "create", Samples.VolumeId, "--at", "2026-01-31", "--sequence", "8"],
            ["restore", "--gateway", Samples.GatewayId, "--name", "then"],
            ["restore", "--volume", Samples.VolumeId, "--gateway", Samples.GatewayId, "--name", "then"],
            ["restore", Samples.SnapshotId, "--sequence", "8", "--gateway", Samples.GatewayId, "--name", "then"],
        ];
        foreach (var arguments in wrong) Assert.Equal(2, (await CliRun.Async(api, arguments)).ExitCode);
        Assert.Empty(api.Asked("POST", "/v1/volumes"));
        Assert.Empty(api.Asked("POST", SnapshotsPath));
    }

    private static JsonNode Body(FakeApi api, string path) => JsonNode.Parse(api.Asked("POST", path).Single().Body)!;
}
