using Microsoft.Extensions.Logging;
using Tidegate.BlockStore.Heads;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Volumes.Folding;

namespace Tidegate.Grains.Volumes;

// Folding: the pool does the work, this validates and publishes.
internal sealed partial class VolumeGrain
{
    private readonly ILogger _log = services.Loggers.CreateLogger("Tidegate.Grains.Volume");

    /// <inheritdoc />
    public async Task PublishFold()
    {
        if (folds.Finished(Key) is not { } fold) return;
        var refusal = await SaveChangeAsync(async (state, _) =>
        {
            var head = HeadOf(state);
            var tail = await TailManifest.LoadAsync(await SegmentsAsync(), head.Tail, CancellationToken.None);
            var catalogue = await OpenCatalogueAsync(head);
            var cuts = await catalogue.ListCutsAsync(head.BaseSequence, head.CommittedSequence);
            var sealer = (await KeysAsync()).Sealer;
            var change = HeadMachine.PublishFold(head, fold, tail, cuts.Select(cut => cut.Sequence).ToHashSet(), sealer);
            if (change.Refusal is { } refused) return Change.None(state, (HeadRefusal?)refused);
            await fold.ApplyAsync(catalogue);
            change = change.WithCatalogue(catalogue.Seal(sealer, change.Head.Version));
            var next = await StoreAsync(change, withManifest: true);
            return new Change<VolumeState, HeadRefusal?>(VolumeMachine.WithHead(state, next), null);
        });
        if (refusal is not null) LogLost(_log, Key, refusal.Message);
    }

    private void StartFold(VolumeHead head) => folds.TryStart(new FoldWork(Key, head, State.Keys));

    [LoggerMessage(141, LogLevel.Information, "A fold of volume {Volume} is not published: {Reason}")]
    private static partial void LogLost(ILogger log, string volume, string reason);
}
