using Tidegate.Tests.Kit.Http;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.RoundTrip;

/// <summary>
/// An agent uploads straight to the blob store over a way that is cut in the middle of uploads and loses answers: everything arrives once,
/// and nothing is taken for stored that is not.
/// </summary>
public sealed class CutWayTests
{
    private const long Region = 16L << 20;

    private static readonly HttpFault[] Faults =
    [
        HttpFault.CutRequest, HttpFault.LoseAnswer, HttpFault.CutRequest, HttpFault.CutRequest, HttpFault.Busy, HttpFault.LoseAnswer, HttpFault.LoseAnswer,
        HttpFault.Refuse, HttpFault.ServerError, HttpFault.CutRequest, HttpFault.LoseAnswer,
    ];

    [Fact]
    public async Task I8_Uploads_that_are_cut_or_whose_answers_are_lost_arrive_once_under_their_first_key()
    {
        await using var azurite = await AzuriteServer.StartAsync();
        await using var way = FaultProxy.Before(azurite.Address);
        await using var deployment = await Deployment.StartAsync(azurite.SiloSettings(way.Address));
        var gateway = await deployment.ActivatedAgentAsync("site");
        var volume = await deployment.VolumeAsync(gateway, "data", "32MiB");
        way.Next(IsUpload, Faults);
        await using var writer = JournalledWriter.Start(deployment.NbdUri("site", "data"), deployment.Folder, 0, Region, seed: 41);
        await Eventually.TrueAsync("every fault was met, and what it hit came again", () =>
            Task.FromResult(way.FaultsLeft == 0 && Uploads(way).Length - Uploads(way).Select(parts => parts[^1]).Distinct().Count() >= Faults.Length));
        await writer.MoreAsync(200);

        // A repetition keeps its key and its nonce: of no range there are two ciphertexts.
        Assert.All(Uploads(way).GroupBy(parts => (parts[^2], parts[^1].Split('-')[0])), same => Assert.Single(same.Select(parts => parts[^1]).Distinct()));

        // The agent dies while an upload hangs, and seals the rest again.
        way.Next(IsUpload, HttpFault.Stall);
        await Eventually.TrueAsync("an upload hangs", () => Task.FromResult(way.FaultsLeft == 0));
        await deployment.EndAgentAsync("site");
        await deployment.StartAgentAsync("site");
        await writer.MoreAsync(200);
        await deployment.ConnectedAsync(gateway);
        var before = JournalledWriter.Now;
        var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--wait"))["snapshotId"]!;
        var after = JournalledWriter.Now;
        await writer.StopAsync();
        await deployment.CliOkAsync("restore", snapshot, "--gateway", gateway, "--name", "restored", "--wait");
        var restored = await writer.VerifyAsync(deployment.NbdUri("site", "restored"), (before, after));
        Assert.True(restored.Ok, restored.Report.ToJsonString());
    }

    private static string[][] Uploads(FaultProxy way) => [.. way.Requests.Where(IsUpload).Select(line => line.Split(' ', '?')[1].Split('/'))];

    private static bool IsUpload(string request) => request.StartsWith("PUT", StringComparison.Ordinal) && request.Contains("sp=c&sig=", StringComparison.Ordinal);
}
