using Tidegate.Tests.Kit.Http;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Faults;

/// <summary>
/// A service on Azure blobs and an agent, each on the far side of a way that a test can spoil: to the service, and to the blobs. One journalled writer works
/// on the volume from the first test to the last.
/// </summary>
public sealed class OutageSite : IAsyncLifetime
{
    public const string Agent = "site";
    public const string Volume = "data";
    private const long Region = 16L << 20;

    private readonly Uplink _uplink = new();
    private AzuriteServer _azurite = null!;

    public Deployment Deployment { get; private set; } = null!;

    /// <summary>From silo and agent to the blob store.</summary>
    public FaultProxy Blobs { get; private set; } = null!;

    /// <summary>From the agent to the service.</summary>
    public Uplink Uplink => _uplink;

    public JournalledWriter Writer { get; private set; } = null!;

    public string Gateway { get; private set; } = "";

    private string VolumeId { get; set; } = "";

    public async ValueTask InitializeAsync()
    {
        _azurite = await AzuriteServer.StartAsync();
        Blobs = FaultProxy.Before(_azurite.Address);
        Deployment = await Deployment.StartAsync(new Dictionary<string, string>(_azurite.SiloSettings(Blobs.Address).Concat(_uplink.SiloSettings))
        {
            ["Tidegate__Blobs__Retries"] = "1",
        });
        Gateway = await Deployment.ActivatedAgentAsync(Agent);
        VolumeId = await Deployment.VolumeAsync(Gateway, Volume, "32MiB");
        Writer = JournalledWriter.Start(Deployment.NbdUri(Agent, Volume), Deployment.Folder, 0, Region, seed: 1, isBounded: true);
        await Writer.MoreAsync(200);
    }

    public async ValueTask DisposeAsync()
    {
        await Writer.DisposeAsync();
        await Deployment.DisposeAsync();
        await Blobs.DisposeAsync();
        await _azurite.DisposeAsync();
        await _uplink.DisposeAsync();
    }

    /// <summary>Waits for a backlog of that many bytes at least: what is written does not arrive.</summary>
    public Task BacklogAsync(long bytes) => Eventually.TrueAsync(
        "a backlog grows", async () => (long)(await Deployment.LocalVolumeAsync(Agent, Volume))["backlogBytes"]! >= bytes);

    /// <summary>Waits until the agent itself says that it has its link, or has not.</summary>
    public Task LinkAsync(bool isHeld) => Eventually.TrueAsync(
        isHeld ? "the agent is linked" : "the agent knows that its link is lost",
        async () => (string)(await Deployment.LocalStatusAsync(Agent))["state"]! == "connected" == isHeld);

    /// <summary>The writer works, a snapshot that is taken meanwhile completes and is a prefix, and everything arrives.</summary>
    public async Task ProveAsync()
    {
        await LinkAsync(isHeld: true);
        var cut = await SnapshotProof.TakeAsync(Deployment, VolumeId);
        await Writer.MoreAsync(100);
        await cut.VerifyAsync(Writer, Deployment.NbdUri(Agent, Volume));
        await Deployment.DrainedAsync(Gateway);
    }
}
