using System.Globalization;
using Tidegate.Tests.EndToEnd.RoundTrip;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Faults;

/// <summary>
/// A small volume on a site of its own, written to by one journalled writer after the other while its agent meets faults. It is so small that its log
/// is as well, and the local store is synced often.
/// </summary>
public sealed class FaultedVolume : IAsyncLifetime
{
    /// <summary>The tests that share one: they come one after the other.</summary>
    public const string Collection = "faulted volume";

    private const long SizeBytes = 8L << 20;

    private readonly RunningSite _site = new();
    private int _writers;

    public string Name => "faulted";

    public string Gateway => _site.Gateway;

    public string VolumeId { get; private set; } = "";

    public Deployment Deployment { get; private set; } = null!;

    public ManagedProcess Agent => Deployment.Agent(RunningSite.Agent);

    public string Uri => Deployment.NbdUri(RunningSite.Agent, Name);

    public async ValueTask InitializeAsync()
    {
        await _site.InitializeAsync();
        Deployment = await _site.AtWorkAsync();
        VolumeId = await Deployment.VolumeAsync(_site.Gateway, Name, SizeBytes.ToString(CultureInfo.InvariantCulture));
    }

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    /// <summary>Where the agent keeps its state.</summary>
    public string StateFolder => Path.Combine(Deployment.Folder, RunningSite.Agent);

    /// <summary>One of the volume's files at its agent.</summary>
    public string PathOf(string file) => Deployment.VolumeFile(RunningSite.Agent, VolumeId, file);

    /// <summary>A writer with a journal of its own.</summary>
    public JournalledWriter Start() => JournalledWriter.Start(Uri, Deployment.Folder, 0, SizeBytes, seed: ++_writers);

    /// <summary>Silo and agent at work, and the volume all zero: no writer takes another's stamps for its own.</summary>
    public async Task CleanAsync()
    {
        await _site.AtWorkAsync();
        (await QemuIoAsync($"write -z 0 {SizeBytes}", "flush")).Succeeded();
    }

    /// <summary>Runs qemu-io's commands on the volume.</summary>
    public Task<ProgramResult> QemuIoAsync(params string[] commands) => Deployment.QemuIoAsync(RunningSite.Agent, Name, commands);

    /// <summary>SIGKILL, unless something else has killed it already, and a start.</summary>
    public async Task RestartAsync()
    {
        await Deployment.EndAgentAsync(RunningSite.Agent);
        await Deployment.StartAgentAsync(RunningSite.Agent);
    }

    /// <summary>Ends the agent in order.</summary>
    public Task StopAsync() => Deployment.EndAgentAsync(RunningSite.Agent, inOrder: true);

    /// <summary>SIGKILL.</summary>
    public Task EndAsync() => Deployment.EndAgentAsync(RunningSite.Agent);

    public Task StartAsync(SystemCallFault? fault = null) => Deployment.StartAgentAsync(RunningSite.Agent, fault: fault);

    /// <summary>State and reason, as the local page says them.</summary>
    public async Task<(string State, string Reason)> StateAsync()
    {
        var status = await Deployment.LocalVolumeAsync(RunningSite.Agent, Name);
        return ((string)status["state"]!, (string)status["reason"]!);
    }

    /// <summary>After a fault the writer gets on, the volume holds all that was flushed, and a snapshot that is taken while it writes is a prefix.</summary>
    public async Task ProveAsync(JournalledWriter writer, bool isSnapshotTaken = true)
    {
        await writer.MoreAsync(50);
        var cut = isSnapshotTaken ? await SnapshotProof.TakeAsync(Deployment, VolumeId) : null;
        await writer.MoreAsync(50);
        await writer.StopAsync();
        var live = await writer.VerifyAsync(Uri);
        Assert.True(live.Ok, live.Report.ToJsonString());
        if (cut is not null) await cut.VerifyAsync(writer, Uri);
    }
}
