using System.Text.Json.Nodes;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.RoundTrip;

/// <summary>The database is lost under load; with bucket and keys everything is back, and the agents go on with what they have.</summary>
public sealed class RebuildStateTests
{
    private const long Region = 24L << 20;

    /// <summary>The default stores; the other pairs with <c>./dev test --full</c>.</summary>
    public static IEnumerable<TheoryDataRow<string, string>> Stores =>
    [
        new("sqlite", "directory"),
        new("postgres", "azure") { Explicit = true },
        new("sqlite", "azure") { Explicit = true },
        new("postgres", "directory") { Explicit = true },
    ];

    [Theory, MemberData(nameof(Stores))]
    public async Task The_database_is_deleted_under_load_and_rebuilt_and_nothing_acknowledged_is_lost(string state, string blobs)
    {
        await using var stores = await StoreServers.StartAsync(state, blobs);
        await using var deployment = await Deployment.StartAsync(stores.SiloSettings);
        var gateway = await deployment.ActivatedAgentAsync("site");
        var volume = await deployment.VolumeAsync(gateway, "data");
        var uri = deployment.NbdUri("site", "data");
        await using var writer = JournalledWriter.Start(uri, deployment.Folder, 0, Region, seed: 31, isBounded: true);
        await writer.MoreAsync(1500);
        var before = JournalledWriter.Now;
        var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--description", "kept", "--wait"))["snapshotId"]!;
        var after = JournalledWriter.Now;
        await deployment.CliOkAsync("restore", snapshot, "--gateway", gateway, "--name", "clone", "--wait");
        var audited = await AuditAsync(deployment);

        // On SQLite the silo goes on committing into a file that has no name any more: those commits are acknowledged, and lost.
        await stores.LoseDatabaseAsync(deployment);
        await writer.MoreAsync(1500);
        await deployment.EndSiloAsync();
        await writer.MoreAsync(300);
        var rebuilt = await RebuildAsync(deployment);
        Assert.Contains("Everything is back.", rebuilt.Output, StringComparison.Ordinal);
        Assert.Contains("volume: 2", rebuilt.Output, StringComparison.Ordinal);
        var again = await RebuildAsync(deployment);
        Assert.Equal(2, again.ExitCode);
        Assert.Contains("not empty", again.Errors, StringComparison.Ordinal);

        await deployment.StartSiloAsync();
        await writer.MoreAsync(1500);
        await writer.StopAsync();
        var live = await writer.VerifyAsync(uri);
        Assert.True(live.Ok, live.Report.ToJsonString());

        // The key of before, the names, the lists and the audit log are back.
        await deployment.ConnectedAsync(gateway);
        Assert.Equal(volume, (string?)(await deployment.CliOkAsync("volumes", "describe", "data"))["volumeId"]);
        Assert.Empty(audited.Except(await AuditAsync(deployment)));
        await Eventually.TrueAsync("the rebuild is in the audit log", async () =>
            (await AuditAsync(deployment)).Exists(one => one.EndsWith("volume.rebuilt", StringComparison.Ordinal)));
        Assert.Equal(5, (await deployment.CliAsync("volumes", "create", "--gateway", gateway, "--name", "data", "--size", "16MiB")).ExitCode);

        // What was acknowledged to the host reaches the service, and the points of before and after can be restored.
        var later = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--description", "after", "--wait"))["snapshotId"]!;
        await deployment.CliOkAsync("restore", later, "--gateway", gateway, "--name", "newest", "--wait");
        var newest = await writer.VerifyAsync(deployment.NbdUri("site", "newest"));
        Assert.True(newest.Ok, newest.Report.ToJsonString());
        await deployment.CliOkAsync("restore", snapshot, "--gateway", gateway, "--name", "kept", "--wait");
        var kept = await writer.VerifyAsync(deployment.NbdUri("site", "kept"), (before, after));
        Assert.True(kept.Ok, kept.Report.ToJsonString());
    }

    private static Task<ProgramResult> RebuildAsync(Deployment deployment) =>
        deployment.SiloCommandAsync("rebuild-state", "--state", deployment.StateFolder);

    private static async Task<List<string>> AuditAsync(Deployment deployment)
    {
        var result = (await deployment.CliAsync("audit")).Succeeded();
        return [.. JsonNode.Parse(result.Output)!.AsArray().Select(record => $"{record!["aggregate"]} {record["number"]} {record["hash"]} {record["kind"]}")];
    }
}
