using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Staging;

namespace Tidegate.Grains.Volumes.Work;

/// <summary>Folds the tail of a staging branch, and before its first fold the main tail, so that a branch of any size commits on.</summary>
internal sealed class StagingFoldWork : IVolumeWork
{
    private StagingFold? _fold;

    /// <inheritdoc />
    public string Kind => "fold of a staging branch";

    /// <inheritdoc />
    public bool GoesOn => true;

    /// <inheritdoc />
    public async Task<PreparedChange?> PrepareAsync(WorkContext context, CancellationToken cancellationToken)
    {
        var head = context.Head;
        if (head.Staging is not { IsAbandoned: false, Tail.Count: > 0 }) return null;
        if (head.Tail.Count > 0) return await FoldWork.PrepareNowAsync(context, cancellationToken);
        if (_fold is null || !_fold.IsFor(head)) _fold = await new StagingFolder(context.Segments, context.Sealer, context.PutAsync).FoldAsync(head, cancellationToken);
        var prepared = await StagingPublication.PrepareFoldAsync(head, _fold!, context.Terms.Now, context.Segments, context.Sealer, cancellationToken);
        return await context.StoreAsync(prepared!, cancellationToken);
    }

    /// <inheritdoc />
    public void Saved() => _fold = null;
}
