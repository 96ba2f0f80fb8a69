using System.Globalization;
using Tidegate.Client.Rest;
using Tidegate.Client.Rest.Models;
using Tidegate.Tests.Benchmarks.Harness;
using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.Benchmarks.Recovery;

/// <summary>A service and two gateways: one has volumes, the other restores their snapshots.</summary>
internal sealed class RestoreSite : IAsyncDisposable
{
    public const string Source = "source";
    public const string Target = "target";

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(30);
    private readonly TidegateRestClient _client;
    private readonly Dictionary<string, string> _gateways = [];
    private readonly Dictionary<string, string> _volumes = [];

    private RestoreSite(Deployment deployment) => (Deployment, _client) = (deployment, deployment.Client());

    public Deployment Deployment { get; }

    /// <summary>Room for agents' files.</summary>
    public long FreeBytes => new DriveInfo(Deployment.Folder).AvailableFreeSpace;

    public static async Task<RestoreSite> StartAsync(BenchContext context, IReadOnlyDictionary<string, string> environment)
    {
        BenchContext.Progress($"a service and two gateways start; raw output goes to {context.Output}");
        var site = new RestoreSite(await Deployment.StartAsync(environment));
        try
        {
            foreach (var agent in new[] { Source, Target }) site._gateways[agent] = await site.Deployment.ActivatedAgentAsync(agent);
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    /// <summary>An empty volume of the source, served; its id.</summary>
    public async Task<string> CreateAsync(string name, long sizeBytes) =>
        _volumes[name] = await Deployment.VolumeAsync(_gateways[Source], name, $"{sizeBytes >> 20}MiB");

    /// <summary>Asks for a volume of the target from a snapshot; returns when the service has it, served or not.</summary>
    public async Task RestoreAsync(string snapshotId, string name)
    {
        var volume = await _client.CreateVolumeAsync(new CreateVolumeRequest(_gateways[Target], name, SourceSnapshotId: snapshotId));
        _volumes[name] = volume.VolumeId;
    }

    /// <summary>Takes a snapshot and waits until the service holds it.</summary>
    public async Task<string> SnapshotAsync(string volumeId) => (string)(await Deployment.CliOkAsync("snapshots", "create", volumeId, "--wait"))["snapshotId"]!;

    /// <summary>Segments of a snapshot that its map does not hold yet.</summary>
    public async Task<int> TailSegmentsAsync(string volumeId, string snapshotId)
    {
        var inspected = await Deployment.CliOkAsync("store", "inspect", volumeId, "--blobs", Deployment.BlobFolder, "--keys", Deployment.AccountKeyFile);
        return (int)inspected["snapshots"]!.AsArray().Single(one => (string)one!["snapshotId"]! == snapshotId)!["tailSegments"]!;
    }

    /// <summary>Deletes a volume, and waits until its gateway has let go of it and its files are gone.</summary>
    public async Task DeleteAsync(string agent, string name)
    {
        await _client.DeleteVolumeAsync(_volumes[name]);
        await Eventually.TrueAsync("the volume has left", async () => (await Deployment.LocalStatusAsync(agent))["volumes"]!.AsArray().All(volume => (string)volume!["name"]! != name), Long);
        Directory.Delete(Path.GetDirectoryName(Deployment.VolumeFile(agent, _volumes[name], "log"))!, recursive: true);
    }

    public Task DrainedAsync(string name) =>
        Eventually.TrueAsync($"{name} is drained", async () => (long)(await Deployment.LocalVolumeAsync(Source, name))["backlogBytes"]! == 0, Long);

    public Task BacklogReachesAsync(string name, long bytes) =>
        Eventually.TrueAsync($"{name} has a backlog", async () => (long)(await Deployment.LocalVolumeAsync(Source, name))["backlogBytes"]! >= bytes, Long);

    /// <summary>Waits until every byte of a restored volume is at the target.</summary>
    public Task RestoredAsync(string name) => Eventually.TrueAsync(
        $"{name} is restored", async () => await Deployment.LocalVolumeAsync(Target, name) is var volume && (string)volume["state"]! != "restoring" && (long)volume["hydratedBytes"]! == (long)volume["sizeBytes"]!, Long);

    /// <summary>Most memory that an agent's process ever had.</summary>
    public double PeakMib(string agent)
    {
        var line = File.ReadLines($"/proc/{Deployment.Agent(agent).Id}/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return double.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await Deployment.DisposeAsync();
    }
}
