using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Staging;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Grains.Volumes.Work;

/// <summary>
/// Makes a staging branch the volume: folds the main tail if need be, folds what is left of the branch's, and prepares the one save that publishes it, in
/// which the snapshots complete that waited.
/// </summary>
/// <param name="declared">What the agent declares to be the whole of it.</param>
/// <param name="waiting">Snapshots whose point the staged log has passed.</param>
internal sealed class StagingPublishWork(StagingDeclaration declared, IReadOnlyList<string> waiting) : IVolumeWork
{
    private VolumeHead? _from;
    private StagingFold? _fold;

    /// <inheritdoc />
    public string Kind => "publication of a staging branch";

    /// <inheritdoc />
    public bool GoesOn => true;

    /// <inheritdoc />
    public async Task<PreparedChange?> PrepareAsync(WorkContext context, CancellationToken cancellationToken)
    {
        var head = context.Head;
        if (head.Staging is null && _fold is not null) return null;
        if (StagingDeclaration.Check(head, declared) is { } incomplete) throw HeadRefusals.ToError(incomplete.Refusal!);
        if (head.Tail.Count > 0) return await FoldWork.PrepareNowAsync(context, cancellationToken);
        // All of the tail as it is now: fills must not be left behind.
        _fold = await new StagingFolder(context.Segments, context.Sealer, context.PutAsync).FoldAsync(head, cancellationToken);
        _from = head;
        var prepared = await StagingPublication.PrepareAsync(
            head, _fold!, declared, waiting, context.Terms.Now, context.Segments, context.Sealer, cancellationToken);
        return await context.StoreAsync(prepared!, cancellationToken);
    }

    /// <inheritdoc />
    public Change<VolumeState, VolumeState> Apply(VolumeState state, DateTimeOffset now)
    {
        var head = VolumeHead.Decode(state.Head);
        // Nothing to say when it was the main tail that was folded.
        if (head.Staging is not null || _from is null) return Change.To(state);
        var published = VolumeMachine.Published(state, head, waiting, _fold!.ThroughSequence, now);
        return VolumeMachine.WaitingFor(published.Result, _from, head.CommittedLogEnd).Count == 0
            ? published
            : throw new TidegateException(ErrorCodes.Unavailable, "A snapshot was asked for while the publication was prepared.", "Publish again.");
    }
}
