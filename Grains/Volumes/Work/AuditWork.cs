using Microsoft.Extensions.Logging;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;

namespace Tidegate.Grains.Volumes.Work;

/// <summary>
/// Holds a volume's accounting against a walk of all that it reaches, and deletes orphans. Repairs nothing: a disagreement is logged, and
/// then nothing is deleted.
/// </summary>
internal sealed partial class AuditWork(IGrainFactory grains, ReclaimSettings settings, ILogger log) : IVolumeWork
{
    /// <inheritdoc />
    public string Kind => "audit";

    /// <inheritdoc />
    public async Task<PreparedChange?> PrepareAsync(WorkContext context, CancellationToken cancellationToken)
    {
        var listed = await OrphanCollector.ListAsync(context.Blobs, context.Head.Lineage, cancellationToken);
        // The head is read after the listing, so that nothing that was listed has become referred to without being marked.
        var known = await grains.GetGrain<IVolumeWorkGrain>(context.VolumeId).GetWorkBase();
        var head = VolumeHead.Decode(known.Head);
        var marks = await Auditor.MarkAsync(head, context.Segments, cancellationToken);
        var problems = await Audit.CompareAsync(head, marks, context.Segments, cancellationToken);
        foreach (var problem in problems) LogDisagreement(log, context.VolumeId, problem);
        // Backups of the time before a rebuild may name blobs that the rebuilt head never knew.
        if (problems.Count > 0 || known.RebuiltAt > context.Terms.Now - settings.Grace) return null;
        var orphans = await OrphanCollector.FindAsync(listed, head, known.ClaimedVersion, marks, context.Terms.Now, context.Segments, known.IsDeleted, cancellationToken);
        foreach (var key in orphans)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (SegmentIdentity.KindOf(key) is null) continue;
            await context.Blobs.DeleteAsync(key, cancellationToken);
        }

        LogAudited(log, context.VolumeId, marks.Blobs.Count, orphans.Count);
        return null;
    }

    [LoggerMessage(134, LogLevel.Error, "The accounting of volume {Volume} and what it reaches disagree: {Problem}")]
    private static partial void LogDisagreement(ILogger log, string volume, string problem);

    [LoggerMessage(135, LogLevel.Information, "Volume {Volume} was audited: {Blobs} blobs are needed, {Orphans} orphans were deleted")]
    private static partial void LogAudited(ILogger log, string volume, int blobs, int orphans);
}
