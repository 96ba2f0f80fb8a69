using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Compaction;

/// <summary>
/// Which blobs a job replaces: emptiest first until the volume's ratio is met, and small ones when there are enough to merge. A blob that
/// is nearly full is never worth its copy.
/// </summary>
internal static class CompactionPlan
{
    private const double WorthCopyingBelow = 0.9;

    public static IReadOnlyList<StoredBlob> Choose(SpaceCensus census, CompactionOptions options)
    {
        var chosen = new List<StoredBlob>();
        var (stored, copied) = (census.StoredBytes, 0L);
        // An original that nothing reaches is about to be condemned as it is.
        var candidates = census.Blobs.Where(blob =>
            !blob.IsReplayed && (blob.HeldBytes > 0 || (blob.Sources.Count == 0 && blob.Blob.Identity.Kind == SegmentKind.Moved)));
        var small = candidates.Where(blob => blob.Blob.LengthBytes <= options.SmallBlobBytes).ToHashSet();
        if (small.Count < options.MinSmallBlobs) small.Clear();
        foreach (var blob in candidates.Where(IsWorthIt).OrderBy(blob => blob.Fullness).ThenBy(blob => blob.Blob.Identity.Sequence))
        {
            if (!IsOverTarget(stored, census.HeldBytes, options) && !IsEmpty(blob)) break;
            if (!Take(blob)) break;
            small.Remove(blob);
        }
        foreach (var blob in small.OrderBy(blob => blob.Blob.LengthBytes))
            if (!Take(blob)) break;
        // One small blob alone would only be written again.
        return chosen.Count == 1 && !IsWorthIt(chosen[0]) ? [] : chosen;

        bool Take(StoredBlob blob)
        {
            if (chosen.Count == options.MaxBlobs || (chosen.Count > 0 && copied + blob.HeldBytes > options.MaxCopiedBytes)) return false;
            chosen.Add(blob);
            copied += blob.HeldBytes;
            stored -= blob.FrameBytes - blob.HeldBytes;
            return true;
        }
    }

    /// <summary>True when the garbage is worth a job.</summary>
    public static bool IsOverTarget(long storedBytes, long heldBytes, CompactionOptions options) =>
        storedBytes - heldBytes >= options.MinGarbageBytes && storedBytes > heldBytes * options.TargetRatio;

    private static bool IsWorthIt(StoredBlob blob) => blob.Fullness < WorthCopyingBelow;

    private static bool IsEmpty(StoredBlob blob) => blob.Sources.Count == 0;
}
