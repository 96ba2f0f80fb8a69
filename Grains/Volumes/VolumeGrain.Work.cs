using Microsoft.Extensions.Logging;
using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Relocation;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Volumes.Work;

namespace Tidegate.Grains.Volumes;

// Heavy work: the pool does it, this validates what came of it and saves.
internal sealed partial class VolumeGrain
{
    // Segments of the tail when a fold was last asked for: the worker decides whether it is worth it, by looking at all of the tail.
    private int _foldAskedAt;
    private DateTimeOffset? _foldFailedAt;

    private static readonly TimeSpan FoldAgainAfter = TimeSpan.FromMinutes(1);

    private readonly ILogger _log = services.Loggers.CreateLogger("Tidegate.Grains.Volume");

    /// <inheritdoc />
    public async Task<WorkBase> GetWorkBase()
    {
        if (State.ErasureBegunAt is not null) throw Erased();
        await RebuildIfBehindAsync();
        var origins = RelocationRoot.Encode(await OriginRelocationsAsync());
        return new WorkBase(State.Head, State.Keys, State.Retention ?? VolumeMachine.DefaultRetention, origins, State.DeletedAt is not null) { ClaimedVersion = State.ClaimedVersion, RebuiltAt = State.RebuiltAt };
    }

    /// <inheritdoc />
    public Task<byte[]> GetRelocations() =>
        Task.FromResult(RelocationRoot.Encode(State.Head.Length == 0 ? [] : HeadOf(State).Relocations));

    /// <inheritdoc />
    public async Task<PublishOutcome> PublishWork()
    {
        if (pool.Prepared(Key) is not { } prepared) return PublishOutcome.Unknown;
        var refusal = await SaveChangeAsync(async (state, now) =>
        {
            var head = HeadOf(state);
            var tail = await TailManifest.LoadAsync(await SegmentsAsync(), prepared.Change.TailOf(head), CancellationToken.None);
            var change = prepared.Change.Publish(head, tail, (await KeysAsync()).Sealer, now);
            if (change.Refusal is { } refused) return Change.None(state, (HeadRefusal?)refused);
            var next = await StoreAsync(head, change);
            var applied = prepared.Work.Apply(VolumeMachine.WithHead(state, next), now);
            return new Change<VolumeState, HeadRefusal?>(VolumeMachine.Ended(applied.Result, prepared.Change.Remnants, now), null, applied.Events);
        });
        if (refusal is null)
        {
            if (prepared.Change.Fold is { } fold) host.Meters.Folded(fold);
            // What was folded, freed or moved may have left blobs half empty; the item looks at the accounts and ends when not.
            pool.TryStart(Key, new CompactionWork(Key, host.Compaction, host.Meters, _log));
            if (prepared.Change.IsPartial) StartReclaim();
            // Nobody waits for the end of a branch, and there is news of it.
            if (prepared.Change.DropsStaging) _ = SettleQuietlyAsync();
            return PublishOutcome.Done;
        }

        LogRefused(_log, Key, refusal.Message);
        return PublishOutcome.Superseded;
    }

    // An origin's frames are found through the origin's table, which goes on changing: it is asked whenever something is read.
    private async Task<IReadOnlyList<RelocationRoot>> OriginRelocationsAsync()
    {
        var origins = State.Keys.Select(key => key.VolumeId).Distinct().Where(volume => volume != Key).ToArray();
        if (origins.Length == 0) return [];
        var tables = await Task.WhenAll(origins.Select(origin => GrainFactory.GetGrain<IVolumeWorkGrain>(origin).GetRelocations()));
        return [.. tables.SelectMany(table => RelocationRoot.Decode(table))];
    }

    private async Task<ImageDescriptor> ReadableAsync(ImageDescriptor image) =>
        image.At([.. HeadOf(State).Relocations, .. await OriginRelocationsAsync()]);

    private void AskForFold(VolumeHead head)
    {
        // A fold took the tail that was asked about.
        if (head.Tail.Count < _foldAskedAt || Now - _foldFailedAt >= FoldAgainAfter) (_foldAskedAt, _foldFailedAt) = (0, null);
        if (!FoldPolicy.IsTimeToAsk(head, _foldAskedAt)) return;
        _foldAskedAt = head.Tail.Count;
        _ = TryFoldAsync();
    }

    // What was in its way has nothing to do with whether the tail is worth it: it is asked for again as soon as that may be gone.
    private async Task TryFoldAsync()
    {
        try
        {
            await pool.RunAsync(Key, new FoldWork());
        }
        catch (Exception failure)
        {
            _foldFailedAt = Now;
            LogFoldFailed(_log, failure, Key);
        }
    }

    private void StartFold() => pool.TryStart(Key, new FoldWork());

    [LoggerMessage(142, LogLevel.Warning, "The tail of volume {Volume} could not be folded; it is tried again")]
    private static partial void LogFoldFailed(ILogger log, Exception failure, string volume);
    [LoggerMessage(141, LogLevel.Information, "Prepared work on volume {Volume} is not saved: {Reason}")]
    private static partial void LogRefused(ILogger log, string volume, string reason);
}
