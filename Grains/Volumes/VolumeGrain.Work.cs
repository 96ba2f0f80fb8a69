using Microsoft.Extensions.Logging;
using Tidegate.BlockStore.Heads;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Volumes.Work;

namespace Tidegate.Grains.Volumes;

// Heavy work: the pool does it, this validates what came of it and saves.
internal sealed partial class VolumeGrain
{
    private readonly ILogger _log = services.Loggers.CreateLogger("Tidegate.Grains.Volume");

    /// <inheritdoc />
    public Task<WorkBase> GetWorkBase() => Task.FromResult(new WorkBase(State.Head, State.Keys, State.Retention ?? VolumeMachine.DefaultRetention));

    /// <inheritdoc />
    public async Task<PublishOutcome> PublishWork()
    {
        if (pool.Prepared(Key) is not { } prepared) return PublishOutcome.Done;
        var refusal = await SaveChangeAsync(async (state, _) =>
        {
            var head = HeadOf(state);
            var tail = await TailManifest.LoadAsync(await SegmentsAsync(), head.Tail, CancellationToken.None);
            var change = prepared.Publish(head, tail, (await KeysAsync()).Sealer);
            if (change.Refusal is { } refused) return Change.None(state, (HeadRefusal?)refused);
            var next = await StoreAsync(head, change);
            return new Change<VolumeState, HeadRefusal?>(VolumeMachine.WithHead(state, next), null);
        });
        if (refusal is null) return PublishOutcome.Done;
        LogRefused(_log, Key, refusal.Message);
        return PublishOutcome.Superseded;
    }

    private void StartFold() => pool.TryStart(Key, new FoldWork());

    [LoggerMessage(141, LogLevel.Information, "Prepared work on volume {Volume} is not saved: {Reason}")]
    private static partial void LogRefused(ILogger log, string volume, string reason);
}
