using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Heads;

namespace Tidegate.Grains.Volumes.Work;

/// <summary>Folds a volume's tail when that is worth its pages, and seals the fold's accounting for the catalogue that it will be saved with.</summary>
internal sealed class FoldWork : IVolumeWork
{
    private FoldResult? _fold;

    /// <inheritdoc />
    public string Kind => "fold";

    /// <inheritdoc />
    public async Task<PreparedChange?> PrepareAsync(WorkContext context, CancellationToken cancellationToken)
    {
        if (_fold is null && !await FoldPolicy.IsWorthItAsync(context.Head, context.Segments, cancellationToken)) return null;
        if (_fold is null || !_fold.IsFor(context.Head)) _fold = await FoldAsync(context, cancellationToken);
        if (_fold is null) return null;
        var prepared = await PreparedChange.OfFoldAsync(context.Head, _fold, context.Segments, context.Sealer, context.Terms, cancellationToken);
        if (prepared is null)
        {
            // A point inside the fold was retained while it ran.
            _fold = await FoldAsync(context, cancellationToken);
            prepared = await PreparedChange.OfFoldAsync(context.Head, _fold!, context.Segments, context.Sealer, context.Terms, cancellationToken);
        }

        return await context.StoreAsync(prepared!, cancellationToken);
    }

    /// <summary>A fold of the whole tail, worth it or not.</summary>
    internal static async Task<PreparedChange> PrepareNowAsync(WorkContext context, CancellationToken cancellationToken)
    {
        var fold = await FoldAsync(context, cancellationToken);
        var prepared = await PreparedChange.OfFoldAsync(context.Head, fold!, context.Segments, context.Sealer, context.Terms, cancellationToken);
        return await context.StoreAsync(prepared!, cancellationToken);
    }

    private static async Task<FoldResult?> FoldAsync(WorkContext context, CancellationToken cancellationToken)
    {
        var head = context.Head;
        var catalogue = new CatalogueEdit(head, context.Segments);
        var cuts = await catalogue.ListCutsAsync(head.BaseSequence, head.CommittedSequence, cancellationToken);
        var folder = new Folder(context.Segments, context.Sealer, context.PutAsync, context.Merging);
        return await folder.FoldAsync(head, cuts.Select(cut => cut.Sequence).ToHashSet(), cancellationToken);
    }
}
