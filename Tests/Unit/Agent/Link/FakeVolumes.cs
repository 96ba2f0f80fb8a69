using Tidegate.GatewayAgent.Link;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Tests.Unit.Agent.Link;

/// <summary>Volumes that count what is asked of them.</summary>
internal sealed class FakeVolumes : IGatewayVolumes
{
    private int _barriers;

    public long AppliedConfigurationVersion { get; set; }

    public IReadOnlyList<NamedVolumeStatus> Statuses { get; set; } = [];

    public List<long> Applied { get; } = [];

    public Queue<Exception> ApplyFailures { get; } = new();

    public int Barriers => _barriers;

    /// <summary>Barriers wait for it.</summary>
    public TaskCompletionSource Gate { get; set; } = Opened();

    public IReadOnlyList<NamedVolumeStatus> GetStatuses() => Statuses;

    public Task ApplyAsync(GatewayConfiguration configuration, CancellationToken cancellationToken)
    {
        if (ApplyFailures.TryDequeue(out var failure)) throw failure;
        Applied.Add(configuration.Version);
        AppliedConfigurationVersion = configuration.Version;
        return Task.CompletedTask;
    }

    public StoreInspection InspectStore(string path) => new(1 << 20);

    public Task<DivergenceResolved> ResolveDivergenceAsync(ResolveDivergenceRequest request) => Task.FromResult(new DivergenceResolved([]));

    public Task<BlocksRefreshed> RefreshAsync(string volumeId, IReadOnlyList<long> blocks, CancellationToken cancellationToken) =>
        Task.FromResult(new BlocksRefreshed(blocks.Count));

    public async Task<SnapshotBarrier> TakeBarrierAsync(string volumeId, string snapshotId, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _barriers);
        await Gate.Task.WaitAsync(cancellationToken);
        return new SnapshotBarrier(snapshotId, 1, 100 * number, false);
    }

    public async Task<GroupBarriers> TakeGroupAsync(string groupId, IReadOnlyList<GroupMember> members, CancellationToken cancellationToken) =>
        new(groupId, await Task.WhenAll(members.Select(member => TakeBarrierAsync(member.VolumeId, member.SnapshotId, cancellationToken))), "");

    public static TaskCompletionSource Opened()
    {
        var gate = new TaskCompletionSource();
        gate.SetResult();
        return gate;
    }
}
