using Tidegate.Tests.Kit.Http;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Faults;

/// <summary>What is beyond the agent fails while hosts write on: they notice nothing, what waits is uploaded afterwards, and snapshots are prefixes (I2, I3, I7).</summary>
public sealed class OutageTests(OutageSite site) : IClassFixture<OutageSite>
{
    private const int LocalWrites = 600;
    // What a volume below 32 MiB has.
    private const long LogBytes = 64L << 20;

    [Theory, InlineData(false), InlineData(true)]
    public async Task Hosts_write_on_while_the_uplink_is_cut_or_silent(bool isSilent)
    {
        if (isSilent) site.Uplink.Silence();
        else site.Uplink.Cut();
        await site.LinkAsync(isHeld: false);
        await site.Writer.MoreAsync(LocalWrites);
        await site.BacklogAsync(1);
        site.Uplink.Restore();
        await site.ProveAsync();
    }

    [Theory]
    [InlineData(HttpFault.ServerError)]
    [InlineData(HttpFault.LoseAnswer)]
    [InlineData(HttpFault.Slow)]
    [InlineData(HttpFault.Stall)]
    public async Task Hosts_write_on_while_the_blob_store_fails(HttpFault fault)
    {
        var met = site.Blobs.FaultsMet;
        site.Blobs.Always(fault);
        await site.Writer.MoreAsync(LocalWrites);
        await Eventually.TrueAsync("requests meet the fault", () => Task.FromResult(site.Blobs.FaultsMet >= met + 3));
        await site.Writer.MoreAsync(LocalWrites);
        await site.BacklogAsync(1);
        site.Blobs.Heal();
        await site.ProveAsync();
    }

    /// <summary>With a full log and no uplink writes go past the log, over a kill as well; with the uplink back all of it is brought over.</summary>
    [Fact]
    public async Task I1_I3_With_a_full_log_and_no_uplink_hosts_write_on_and_the_volume_comes_back()
    {
        const string Volume = "filled";
        var deployment = site.Deployment;
        var volume = await deployment.VolumeAsync(site.Gateway, Volume, "8MiB");
        var uri = deployment.NbdUri(OutageSite.Agent, Volume);
        await using var writer = JournalledWriter.Start(uri, deployment.Folder, 0, 8L << 20, seed: 3, isBounded: true);
        await writer.MoreAsync(100);
        site.Uplink.Cut();
        await writer.MoreAsync(5000);
        await StateAsync("passThrough");
        await deployment.EndAgentAsync(OutageSite.Agent);
        await deployment.StartAgentAsync(OutageSite.Agent);
        await writer.MoreAsync(500);
        await StateAsync("passThrough");

        site.Uplink.Restore();
        await StateAsync("shadowing");
        await site.LinkAsync(isHeld: true);
        var cut = await SnapshotProof.TakeAsync(deployment, volume);
        await writer.MoreAsync(100);
        await writer.StopAsync();
        var (ok, report) = await writer.VerifyAsync(uri);
        Assert.True(ok, report.ToJsonString());
        await cut.VerifyAsync(writer, uri);

        Task StateAsync(string state) => Eventually.TrueAsync($"the volume is {state}", async () =>
            (string?)(await deployment.LocalVolumeAsync(OutageSite.Agent, Volume))["state"] == state);
    }

    /// <summary>
    /// A store that finds no room keeps its records in the log, and writes fail only when that is full. Nothing acknowledged is lost, killed and started again
    /// on the full disk; with room it goes on by itself.
    /// </summary>
    [Fact]
    public async Task I1_On_a_full_local_disk_writes_fail_and_go_on_when_there_is_room()
    {
        const string Agent = "small";
        const int NoSpace = 28;
        var deployment = site.Deployment;
        await using var disk = await SmallDisk.MountAsync(Path.Combine(deployment.Folder, Agent), LogBytes + (12L << 20));
        var gateway = await deployment.ActivatedAgentAsync(Agent);
        var volume = await deployment.VolumeAsync(gateway, "full", "32MiB");
        var uri = deployment.NbdUri(Agent, "full");
        await using var writer = JournalledWriter.Start(uri, deployment.Folder, 0, 24L << 20, seed: 2);
        await writer.FailuresAsync(NoSpace, 1);
        Assert.Contains("full", (string)(await deployment.LocalVolumeAsync(Agent, "full"))["reason"]!, StringComparison.Ordinal);

        await deployment.EndAgentAsync(Agent);
        await deployment.StartAgentAsync(Agent);
        await writer.FailuresAsync(NoSpace, 100);
        var full = await SnapshotProof.TakeAsync(deployment, volume);
        await disk.ResizeAsync(LogBytes + (64L << 20));
        await writer.MoreAsync(300);
        var cut = await SnapshotProof.TakeAsync(deployment, volume);
        await writer.MoreAsync(100);
        await writer.StopAsync();
        var (ok, report) = await writer.VerifyAsync(uri);
        Assert.True(ok, report.ToJsonString());
        await full.VerifyAsync(writer, uri);
        await cut.VerifyAsync(writer, uri);
        await deployment.EndAgentAsync(Agent, inOrder: true);
    }
}
