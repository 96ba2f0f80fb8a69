using System.Text.Json.Nodes;
using Tidegate.BlockStore.Blobs;
using Tidegate.Tests.Benchmarks.Harness;
using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.Benchmarks.Serving;

/// <summary>
/// A volume as customers have it: an activated agent, a silo with its blobs, each a process of its own on this
/// machine, and every write uploaded.
/// </summary>
internal sealed class ShadowedVolume : IAsyncDisposable
{
    private const string AgentName = "agent";
    private const string VolumeName = "bench";
    private readonly Deployment _deployment;
    private readonly string _volumeId;
    private readonly HttpClient _http;

    private readonly IBlobStore _blobs;

    private ShadowedVolume(Deployment deployment, IBlobStore blobs, string volumeId, string localUrl)
    {
        (_deployment, _blobs, _volumeId) = (deployment, blobs, volumeId);
        _http = new HttpClient { BaseAddress = new Uri(localUrl) };
        Server = ServerProcess.Of("tidegate, shadowing", deployment.NbdUri(AgentName, VolumeName), deployment.Agent(AgentName).Id);
    }

    public ServerProcess Server { get; }

    /// <summary>Bytes of all blobs that the service holds.</summary>
    public async Task<long> StoredBytesAsync() => await _blobs.ListAsync("").Select(blob => blob.LengthBytes).SumAsync();

    /// <summary>Starts it on a directory of blobs, or on <paramref name="store"/>.</summary>
    public static async Task<ShadowedVolume> StartAsync(long sizeBytes, BenchStore? store = null)
    {
        store ??= await BenchStore.StartAsync("directory");
        var deployment = await Deployment.StartAsync(store.Environment);
        try
        {
            var gateway = await deployment.ActivatedAgentAsync(AgentName);
            var volumeId = await deployment.VolumeAsync(gateway, VolumeName, $"{sizeBytes / (1024 * 1024)}MiB");
            var ready = await deployment.AgentReadyAsync(AgentName, r => r["localUrl"] is not null);
            return new ShadowedVolume(deployment, await store.OpenAsync(deployment), volumeId, (string)ready["localUrl"]!);
        }
        catch
        {
            await deployment.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes a snapshot and waits until the service holds all of it.</summary>
    public Task SnapshotAsync() => _deployment.CliOkAsync("snapshots", "create", _volumeId, "--wait");

    /// <summary>State and backlog now. A volume that does not shadow makes the run worthless, so that is an error.</summary>
    public async Task<long> BacklogBytesAsync()
    {
        var status = JsonNode.Parse(await _http.GetStringAsync(new Uri("/status", UriKind.Relative)))!;
        var volume = status["volumes"]!.AsArray().Single(v => (string)v!["name"]! == VolumeName)!["status"]!;
        var state = (string)volume["state"]!;
        return state == "shadowing"
            ? (long)volume["backlogBytes"]!
            : throw new InvalidOperationException($"The volume left shadowing: {state} {volume["reason"]}. {Environment.NewLine}{_deployment.Agent(AgentName).LogTail()}");
    }

    /// <summary>Waits until the service has every byte.</summary>
    public Task DrainedAsync(TimeSpan within) => Eventually.TrueAsync("everything is drained", async () => await BacklogBytesAsync() == 0, within);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _deployment.DisposeAsync();
    }
}
