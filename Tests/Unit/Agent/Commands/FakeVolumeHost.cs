using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.GatewayAgent.Volumes;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Tests.Kit.Nbd;
using Tidegate.Tests.Unit.Agent.Link;

namespace Tidegate.Tests.Unit.Agent.Commands;

/// <summary>Volumes that remember what their process did with them.</summary>
internal sealed class FakeVolumeHost : IVolumeHost
{
    private readonly FakeVolumes _volumes = new();

    public string State { get; private set; } = "made";

    public IExportSource Exports { get; } = new FixedExports();

    public long AppliedConfigurationVersion => _volumes.AppliedConfigurationVersion;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        State = "started";
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        State = "stopped";
        return Task.CompletedTask;
    }

    public IReadOnlyList<NamedVolumeStatus> GetStatuses() => _volumes.GetStatuses();

    public Task ApplyAsync(GatewayConfiguration configuration, CancellationToken cancellationToken) => _volumes.ApplyAsync(configuration, cancellationToken);

    public StoreInspection InspectStore(string path) => new(1 << 20);

    public Task<DivergenceResolved> ResolveDivergenceAsync(ResolveDivergenceRequest request) => Task.FromResult(new DivergenceResolved([]));

    public Task<BlocksRefreshed> RefreshAsync(string volumeId, IReadOnlyList<long> blocks, CancellationToken cancellationToken) => Task.FromResult(new BlocksRefreshed(blocks.Count));

    public Task<SnapshotBarrier> TakeBarrierAsync(string volumeId, string snapshotId, CancellationToken cancellationToken) =>
        _volumes.TakeBarrierAsync(volumeId, snapshotId, cancellationToken);

    public Task<GroupBarriers> TakeGroupAsync(string groupId, IReadOnlyList<GroupMember> members, CancellationToken cancellationToken) =>
        _volumes.TakeGroupAsync(groupId, members, cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
