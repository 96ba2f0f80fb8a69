using System.Text.Json.Nodes;
using Tidegate.BlockStore;
using Tidegate.BlockStore.Heads;
using Tidegate.Client.Rest.Models;
using Tidegate.Tests.EndToEnd.RoundTrip;
using Tidegate.Tests.Kit.Blobs;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Damage;

/// <summary>
/// Stored data is harmed behind the service's back. A scrub finds and names it; what the gateway has a copy of is stored anew, and what
/// nobody has is told and gives errors, never data (I6, decision 0009).
/// </summary>
public sealed class ScrubTests
{
    private const int ImageBytes = 48 << 20;
    private const long Beyond = ImageBytes / BlockGeometry.BlockBytes;

    [Fact]
    public async Task Damage_is_found_and_named_and_repaired_from_the_gateway_or_told_and_never_read_as_data()
    {
        await using var deployment = await Deployment.StartAsync(new Dictionary<string, string>
        {
            ["Tidegate__Scrub__LookEverySeconds"] = "1",
            ["Tidegate__Scrub__PeriodHours"] = "1",
            ["Tidegate__Scrub__BytesPerSecond"] = "0",
        });
        var gateway = await deployment.ActivatedAgentAsync("site-a");
        var other = await deployment.ActivatedAgentAsync("site-b");
        var volume = await deployment.VolumeAsync(gateway, "data", "96MiB");
        var image = Path.Combine(deployment.Folder, "fs.img");
        await TestImage.CreateAsync(image, ImageBytes, seed: 17);
        (await ProgramRunner.RunAsync(Repository.Tool("nbdcopy"), ["--flush", image, deployment.NbdUri("site-a", "data")])).Succeeded();
        var stored = new StoredFrames(deployment.BlobFolder, deployment.AccountKeyFile, new LineageId(deployment.AccountId, volume));
        await FoldedAsync(deployment, volume, stored);

        // One frame's bytes and one whole blob. The gateway has all of it.
        var (frame, blob) = (await stored.FindAsync(Beyond + 3), await stored.FindAsync(Beyond + 5));
        stored.Spoil(frame);
        stored.Delete(blob);
        var found = await ScrubAsync(deployment, volume, hoursAhead: 0);
        Assert.Equal<(string, string, long?)>(
            [("Frame", frame.BlobKey, Beyond + 3), ("Segment", blob.BlobKey, null)],
            found.Select(one => (one.Kind, one.BlobKey, one.Block)).Order());
        await Eventually.TrueAsync("the gateway wrote the blocks anew", async () => await CountAsync(deployment, volume, "volume.blocks-refreshed") > 0);
        var audited = await AuditAsync(deployment, volume, "volume.damaged");
        Assert.Contains(frame.BlobKey, audited, StringComparison.Ordinal);
        Assert.Contains(blob.BlobKey, audited, StringComparison.Ordinal);
        Assert.Contains("DAMAGED", (await DescribeAsync(deployment, volume)).Output, StringComparison.Ordinal);

        // What is repaired is a restore's to prove: byte for byte what the host reads.
        var snapshot = await SnapshotAsync(deployment, volume);
        await deployment.CliOkAsync("restore", snapshot, "--gateway", other, "--name", "repaired", "--wait");
        Assert.Equal(
            await deployment.CopyAsync("site-a", "data", Path.Combine(deployment.Folder, "live.img")),
            await deployment.CopyAsync("site-b", "repaired", Path.Combine(deployment.Folder, "repaired.img")));

        // The same once more, and the gateway is lost with its copy.
        await deployment.EndAgentAsync("site-a");
        Directory.Delete(Path.Combine(deployment.Folder, "site-a"), recursive: true);
        var lost = await stored.FindAsync(Beyond + 7);
        stored.Spoil(lost);
        Assert.Contains(await ScrubAsync(deployment, volume, hoursAhead: 2), one => (one.Kind, one.BlobKey, one.Block) == ("Frame", lost.BlobKey, Beyond + 7));
        await Eventually.TrueAsync("nobody can repair it", () => Task.FromResult(deployment.Silo.LogTail(400).Contains("could not be written anew", StringComparison.Ordinal)));
        await deployment.CliOkAsync("restore", snapshot, "--gateway", other, "--name", "holed");
        await Eventually.TrueAsync("the rest is served", async () => (await ReadAsync(deployment, "holed", 9)).ExitCode == 0);
        Assert.Contains("Input/output error", Both(await ReadAsync(deployment, "holed", 7)), StringComparison.Ordinal);
        Assert.Equal(0, (await ReadAsync(deployment, "holed", 3)).ExitCode);

        // Now the root of the map: nothing leads to the data any more.
        var root = await stored.FindRootAsync();
        stored.Spoil(root);
        Assert.Contains(await ScrubAsync(deployment, volume, hoursAhead: 4), one => (one.Kind, one.BlobKey) == ("MapPage", root.BlobKey));
        await deployment.CliAsync("restore", snapshot, "--gateway", other, "--name", "rootless");
        await Eventually.TrueAsync("the restored volume is offered", async () =>
            (await deployment.CliAsync("volumes", "describe", "rootless")) is { ExitCode: 0 } described && described.Json["agentStatus"]?["reason"]?.ToString().Length > 0);
        Assert.NotEqual(0, (await ReadAsync(deployment, "rootless", 9)).ExitCode);
    }

    // Every barrier seals a segment: so many of them are folded into the map.
    private static async Task FoldedAsync(Deployment deployment, string volume, StoredFrames stored)
    {
        using var client = deployment.Client();
        for (var i = 0; i < HeadMachine.FoldAtSegments; i++)
        {
            (await deployment.QemuIoAsync("site-a", "data", $"write -P {i + 1} {OffsetOf(i)} 64k", "flush")).Succeeded();
            await client.CreateSnapshotAsync(volume, new CreateSnapshotRequest($"{i}"));
        }

        await Eventually.TrueAsync("the tail is folded", async () => (await stored.OpenAsync()).Manifest.Head.Root is not null);
    }

    /// <summary>Starts the silo again with its clock ahead, so that a scrub is due, and waits for it; what it found.</summary>
    private static async Task<IReadOnlyList<VolumeDamageView>> ScrubAsync(Deployment deployment, string volume, int hoursAhead)
    {
        using var client = deployment.Client();
        var before = (await client.GetVolumeAsync(volume)).Scrub?.CompletedAt;
        await deployment.EndSiloAsync(inOrder: true);
        deployment.Configure("Tidegate__Scrub__BytesPerSecond", "16777216");
        await deployment.StartSiloAsync(ahead: TimeSpan.FromHours(hoursAhead));
        VolumeScrubView? scrub = null;
        await Eventually.TrueAsync("the volume is scrubbed", async () => (scrub = (await client.GetVolumeAsync(volume)).Scrub) is { } known && known.CompletedAt != before);
        return scrub!.Damages;
    }

    private static async Task<string> SnapshotAsync(Deployment deployment, string volume) =>
        (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--wait"))["snapshotId"]!;

    private static async Task<int> CountAsync(Deployment deployment, string volume, string kind) => (await KindsAsync(deployment, volume, kind)).Count;

    private static async Task<string> AuditAsync(Deployment deployment, string volume, string kind) => (await KindsAsync(deployment, volume, kind)).Single();

    private static async Task<List<string>> KindsAsync(Deployment deployment, string volume, string kind) =>
    [
        .. JsonNode.Parse((await deployment.CliAsync("audit", "--of", volume)).Succeeded().Output)!.AsArray()
            .Where(record => (string?)record!["kind"] == kind).Select(record => (string)record!["body"]!),
    ];

    private static Task<ProgramResult> DescribeAsync(Deployment deployment, string volume) => ProgramRunner.RunAsync(
        Repository.Program("Cli"), ["--profile-dir", Path.Combine(deployment.Folder, "profile"), "volumes", "describe", volume]);

    private static Task<ProgramResult> ReadAsync(Deployment deployment, string volume, int write) =>
        deployment.QemuIoAsync("site-b", volume, $"read -P {write + 1} {OffsetOf(write)} 64k");

    private static string Both(ProgramResult result) => result.Output + result.Errors;

    private static long OffsetOf(int write) => (Beyond + write) * BlockGeometry.BlockBytes;
}
