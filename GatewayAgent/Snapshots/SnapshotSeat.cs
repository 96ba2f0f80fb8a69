using Tidegate.GatewayAgent.Hooks;
using Tidegate.GatewayAgent.Shadow;
using Tidegate.Grains.Interfaces.Gateways;
using Log = Tidegate.GatewayAgent.WriteLog.WriteLog;

namespace Tidegate.GatewayAgent.Snapshots;

/// <summary>A volume's part in one round of snapshots: while it is held, nobody else takes one of the volume and the volume does not close.</summary>
internal sealed class SnapshotSeat(
    HookVolume volume, Log log, ShadowPipeline pipeline, bool isShadowing, string reason, Dictionary<string, SnapshotBarrier> answered, Action leave) : IDisposable
{
    private const int MaxRemembered = 1024;

    /// <summary>The volume, and the snapshot that is asked for.</summary>
    public HookVolume Volume => volume;

    /// <summary>Its write log.</summary>
    public Log Log => log;

    /// <summary>False when the point of a snapshot that is asked for now is the end of the next publication.</summary>
    public bool IsShadowing => isShadowing;

    /// <summary>Why it is not, for people.</summary>
    public string Reason => reason;

    /// <summary>The barrier that the snapshot has already, durable; null for none.</summary>
    public async Task<SnapshotBarrier?> FindAsync(CancellationToken cancellationToken)
    {
        if (answered.TryGetValue(volume.SnapshotId, out var known))
            return known;
        if (log.Barriers.FirstOrDefault(barrier => barrier.SnapshotId == volume.SnapshotId) is not { } recorded)
            return null;
        // It may be in the log but not durable yet, if an earlier call was cut off.
        await log.SyncAsync().WaitAsync(cancellationToken);
        return Answer(new SnapshotBarrier(volume.SnapshotId, pipeline.Status.Epoch, recorded.Position, !isShadowing));
    }

    /// <summary>Remembers the answer, so that asking again gives the same, and has the pipeline cut there.</summary>
    public SnapshotBarrier Answer(SnapshotBarrier barrier)
    {
        if (answered.Count >= MaxRemembered)
            answered.Clear();
        answered[volume.SnapshotId] = barrier;
        pipeline.Nudge();
        return barrier;
    }

    /// <summary>The answer for a barrier at a position.</summary>
    public SnapshotBarrier At(long position, FrozenApplications frozen)
    {
        var (consistency, failure) = frozen.Of(volume);
        return new SnapshotBarrier(volume.SnapshotId, pipeline.Status.Epoch, position, !isShadowing) { Consistency = consistency, HookFailure = failure };
    }

    public void Dispose() => leave();
}
