using System.Collections.Immutable;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>A copy of some blocks, as the model knows it: which sectors it tells of, and its frames; a sector in none of them is zero.</summary>
internal sealed record StagedFill(long Number, SegmentReference Reference, IReadOnlyList<SegmentEntry> Entries, IReadOnlyList<int> Sectors);

/// <summary>What a staging branch must hold, kept by the model alone: the log from where it went on, and the copies.</summary>
/// <param name="Tip">The record that the staged log ends with.</param>
/// <param name="Sequence">Sequence of the last log segment.</param>
/// <param name="Log">Log segments.</param>
/// <param name="FirstFill">Number before the first fill.</param>
/// <param name="Fills">Fills.</param>
/// <param name="Waiting">Snapshots whose barrier the staged log has passed.</param>
internal sealed record StagedTruth(
    LogEntry Tip, long Sequence, ImmutableList<CommittedSegment> Log, long FirstFill, ImmutableList<StagedFill> Fills, ImmutableSortedSet<string> Waiting)
{
    internal static StagedTruth Begin(LogEntry tip, StagingBranch staging) => new(tip, staging.Sequence, [], staging.Fills, [], []);

    /// <summary>How a head's branch is not this, or null.</summary>
    internal static string? Differs(StagedTruth? staged, VolumeHead head) => (staged, head.Staging) switch
    {
        (null, null) => null,
        (null, _) => "the head has a staging branch that nobody began",
        (_, null) => "the head has lost its staging branch",
        var (truth, branch) => branch.Sequence != truth.Sequence || (branch.Sequence > 0 && branch.LogEnd != truth.Tip.End) ? $"log segment {branch.Sequence}, {branch.LogEnd} is staged last, not {truth.Sequence}, {truth.Tip.End}"
            : branch.Fills != truth.FirstFill + truth.Fills.Count ? $"fill {branch.Fills} is staged last, not {truth.FirstFill + truth.Fills.Count}"
            : null,
    };

    /// <summary>The volume's truth when this is published with a fold of the log through a sequence.</summary>
    internal VolumeTruth Publish(VolumeTruth truth, long through, IEnumerable<string> snapshots, long sizeBytes)
    {
        var folded = Log.FindAll(segment => segment.Sequence <= through);
        var last = folded[^1];
        var cuts = snapshots.Where(id => !truth.Snapshots.ContainsKey(id)).Select(id => KeyValuePair.Create(id, new SnapshotTruth(last.To, sizeBytes)));
        return truth with
        {
            Tip = Tip,
            Segments = truth.Segments.Add(last with { Published = this with { Log = folded } }).AddRange(Log.Skip(folded.Count)),
            Snapshots = truth.Snapshots.SetItems(cuts),
            Staged = null,
        };
    }
}
