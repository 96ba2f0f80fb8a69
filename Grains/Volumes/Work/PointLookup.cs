using System.Globalization;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Reclaim;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Volumes.Work;

/// <summary>Finds the recovery point that a selector names, or says which are the nearest.</summary>
internal static class PointLookup
{
    /// <summary>Throws <c>InvalidArgument</c> unless the selector names exactly one of time and sequence.</summary>
    public static void Check(RecoveryPointSelector point)
    {
        if (point.At is null == point.Sequence is null) throw Arguments.Invalid("A recovery point is named by a time or by a sequence, by one of the two.");
        if (point.Sequence < 1) throw Arguments.Invalid($"There is no recovery point {point.Sequence}: they begin with 1.");
    }

    /// <summary>The point. Throws <c>NotFound</c>, naming the nearest points, when it is not held.</summary>
    public static async Task<RecoveryPoint> FindAsync(WorkContext context, RecoveryPointSelector point, CancellationToken cancellationToken)
    {
        var (head, segments) = (context.Head, context.Segments);
        var catalogue = new CatalogueEdit(head, segments);
        if (point.At is { } time)
        {
            if (await RecoveryPointList.FindAsync(head, catalogue, time, segments, cancellationToken) is { } found) return found;
            var oldest = await RecoveryPointList.FindFromAsync(head, catalogue, 0, segments, cancellationToken);
            throw Missing(context.VolumeId, $"at or before {time.UtcDateTime:O}", null, oldest);
        }

        var after = await RecoveryPointList.FindFromAsync(head, catalogue, point.Sequence!.Value, segments, cancellationToken);
        if (after?.Sequence == point.Sequence) return after;
        var before = await RecoveryPointList.FindBeforeAsync(head, catalogue, point.Sequence.Value, segments, cancellationToken);
        throw Missing(context.VolumeId, $"at sequence {point.Sequence}", before, after);
    }

    private static TidegateException Missing(string volumeId, string where, RecoveryPoint? before, RecoveryPoint? after)
    {
        var nearest = string.Join(" and ", new[] { Named("before it", before), Named("after it", after) }.Where(words => words.Length > 0));
        return new TidegateException(
            ErrorCodes.NotFound, $"Volume {volumeId} has no recovery point {where}. {(nearest.Length > 0 ? $"The nearest: {nearest}." : "It has none at all.")}",
            "List the recovery points and name one of them.");
    }

    private static string Named(string where, RecoveryPoint? point) =>
        point is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{where} sequence {point.Sequence}, committed {point.CommittedAt.UtcDateTime:O}");
}
