using System.Collections.Immutable;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>A segment that was committed, as the model knows it: exactly which records of which log.</summary>
internal sealed record CommittedSegment(long Sequence, SegmentReference Reference, IReadOnlyList<SegmentEntry> Entries, LogEntry From, LogEntry To)
{
    /// <summary>All that was staged when a branch was published that ended with this segment; null for any other.</summary>
    internal StagedTruth? Published { get; init; }
}

/// <summary>A frame that a fold merged from others, as the model knows it: from the root at <paramref name="Sequence"/> on it has their sectors.</summary>
internal sealed record MergedFrame(long Sequence, SegmentReference Segment, int Index, uint Block, ushort Mask, int Bytes);

/// <summary>A snapshot as the model knows it.</summary>
internal sealed record SnapshotTruth(LogEntry Point, long SizeBytes)
{
    /// <summary>True for one of a recovery point, which no fold gives a root of its own any more.</summary>
    internal bool IsOfPoint { get; init; }
}

/// <summary>
/// What a saved head must mean, kept beside it by the model alone: the log that it holds, whom it lets commit, and its snapshots.
/// </summary>
internal sealed record VolumeTruth(
    LogEntry Tip, long Epoch, ImmutableList<CommittedSegment> Segments, ImmutableSortedDictionary<string, SnapshotTruth> Snapshots)
{
    /// <summary>Frames that a discard dropped unread, and the sequence of the discard.</summary>
    internal ImmutableDictionary<(SegmentIdentity Segment, int Index), long> Dropped { get; init; } = ImmutableDictionary<(SegmentIdentity Segment, int Index), long>.Empty;

    /// <summary>Frames that folds merged.</summary>
    internal ImmutableList<MergedFrame> Merged { get; init; } = [];

    /// <summary>What the volume's staging branch holds; null when it has none.</summary>
    internal StagedTruth? Staged { get; init; }

    /// <summary>Sequence of the last committed segment. Those that a branch took are not committed each.</summary>
    internal long Sequence => Segments.IsEmpty ? 0 : Segments[^1].Sequence;

    /// <summary>The record of the log that a commit ended with.</summary>
    internal LogEntry PointAt(long sequence)
    {
        // Where no branch was published the index tells the sequence.
        var at = (int)Math.Min(sequence, Segments.Count) - 1;
        while (at >= 0 && Segments[at].Sequence > sequence) at--;
        return at >= 0 && Segments[at].Sequence == sequence ? Segments[at].To : throw new Violation($"no commit of sequence {sequence} is known");
    }

    internal static VolumeTruth Of(LogEntry origin) => new(
        origin, 0, [], ImmutableSortedDictionary.Create<string, SnapshotTruth>(StringComparer.Ordinal));
}

/// <summary>A saved volume: the head, and the snapshots that were asked for and are not complete.</summary>
internal sealed record VolumeRow(long Stamp, VolumeHead Head, ImmutableSortedSet<string> Pending, VolumeTruth Truth)
{
    /// <summary>The highest version that a save claimed before it stored its manifest.</summary>
    internal long Claimed { get; init; }

    /// <summary>When it was rebuilt: what it condemned before counts as condemned then.</summary>
    internal DateTimeOffset RebuiltAt { get; init; }
}

/// <summary>Grain state: rows saved with compare-and-set, and backups of all of it.</summary>
internal sealed class Database
{
    private readonly List<(DateTimeOffset At, long Stored, ImmutableSortedDictionary<string, VolumeRow> Rows)> _backups = [];
    private ImmutableSortedDictionary<string, VolumeRow> _rows = ImmutableSortedDictionary.Create<string, VolumeRow>(StringComparer.Ordinal);
    private long _lastStamp;

    /// <summary>Saves so far.</summary>
    internal int Saves { get; private set; }

    internal IReadOnlyDictionary<string, VolumeRow> Rows => _rows;

    internal VolumeRow? Find(string volumeId) => _rows.GetValueOrDefault(volumeId);

    /// <summary>Saves when the row is still the one that the change was made from.</summary>
    internal bool TrySave(string volumeId, VolumeRow? basedOn, VolumeRow row, bool isBlind, out VolumeRow saved)
    {
        saved = row with { Stamp = ++_lastStamp };
        if (!isBlind && Find(volumeId)?.Stamp != basedOn?.Stamp) return false;
        _rows = _rows.SetItem(volumeId, saved);
        Saves++;
        return true;
    }

    /// <summary>All is lost, backups as well.</summary>
    internal void Lose()
    {
        _rows = _rows.Clear();
        _backups.Clear();
    }

    /// <summary>Backs everything up; <paramref name="stored"/> tells how much the bucket had been given by then.</summary>
    internal void BackUp(DateTimeOffset now, long stored) => _backups.Add((now, stored, _rows));

    /// <summary>
    /// Puts a backup back that is not older than allowed, and tells how much the bucket had been given by then; null when there is none. Those that
    /// are newer are of a future that is given up: they are not used any more.
    /// </summary>
    internal long? Restore(Random random, DateTimeOffset now, TimeSpan oldest)
    {
        var eligible = _backups.Where(backup => now - backup.At <= oldest).ToList();
        if (eligible.Count == 0) return null;
        var chosen = eligible[random.Next(eligible.Count)];
        _backups.RemoveAll(backup => backup.At > chosen.At || backup.Stored > chosen.Stored);
        _rows = chosen.Rows;
        return chosen.Stored;
    }
}
