using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Staging;

/// <summary>What whoever fills a branch declares to be the whole of it (<c>docs/formats/staging.md</c>, Publication).</summary>
/// <param name="Epoch">Epoch of the caller.</param>
/// <param name="Fills">Number of the last fill.</param>
/// <param name="FillDigest">Its digest: the chain tells all of them.</param>
/// <param name="Mark">The barrier that its log got after the last copy was read (<see cref="StagingMark"/>): what the copies may show of the log ends there.</param>
public sealed record StagingDeclaration(long Epoch, long Fills, SegmentDigest FillDigest, string Mark)
{
    /// <summary>Null when the head's branch holds exactly this and may be published; else the refusal, which says what is missing.</summary>
    public static HeadChange? Check(VolumeHead head, StagingDeclaration declared)
    {
        if (head.Staging is not { IsAbandoned: false } staging)
            return HeadChange.Refused(head, HeadRefusalReason.StaleEpoch, "Nothing is staged for this volume: the branch was published or given up. Attach again.");
        if (declared.Epoch != head.Epoch)
            return HeadChange.Refused(head, HeadRefusalReason.StaleEpoch, $"Epoch {declared.Epoch} is not the volume's; it is at {head.Epoch}. Attach again.");
        if (declared.Fills != staging.Fills || declared.FillDigest != staging.FillDigest)
            return Incomplete(head, $"fill {declared.Fills} is declared as the last, and {staging.Fills} is");
        // A position would not do: a copy of the log may have gone on to it with other records.
        if (staging.Mark != declared.Mark)
            return Incomplete(head, $"the copies end at the barrier '{declared.Mark}', which is not the last that was staged");
        // The published image is another one than the main tip's, and needs a sequence of its own.
        return staging.Sequence <= head.CommittedSequence
            ? Incomplete(head, $"no log segment after {head.CommittedSequence} is staged; end the copying with a barrier")
            : null;
    }

    private static HeadChange Incomplete(VolumeHead head, string what) =>
        HeadChange.Refused(head, HeadRefusalReason.StagingIncomplete, $"The staging branch is not complete: {what}. Commit the rest, then publish.");
}
