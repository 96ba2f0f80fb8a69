using Tidegate.BlockStore;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>What an entry of a simulated log is.</summary>
internal enum LogEntryKind
{
    /// <summary>Where a log starts: what the volume held then.</summary>
    Start,
    /// <summary>A write.</summary>
    Write,
    /// <summary>A discard.</summary>
    Discard,
    /// <summary>A write of zeroes.</summary>
    Zero,
    /// <summary>A barrier, a snapshot's or the end of copying.</summary>
    Barrier,
    /// <summary>Somebody else's change of the store while nobody served it: it is in no segment, and the log goes on after it.</summary>
    Change,
}

/// <summary>
/// One record of a write log, with the volume as it is after it. Records point backwards, so that copied logs share what they have in
/// common: a log is known by its last record.
/// </summary>
internal sealed class LogEntry
{
    private LogEntry(LogEntry? previous, LogEntryKind kind, long firstSector, long sectorCount, int number, long start, long end, int[] state) =>
        (Previous, Kind, FirstSector, SectorCount, Number, Start, End, State) = (previous, kind, firstSector, sectorCount, number, start, end, state);

    internal LogEntry? Previous { get; }
    internal LogEntryKind Kind { get; }
    internal long FirstSector { get; }
    internal long SectorCount { get; }
    /// <summary>Number of the write: what its sectors hold.</summary>
    internal int Number { get; }
    internal long Start { get; }
    internal long End { get; }
    /// <summary>The number that each modelled sector holds after this record.</summary>
    internal int[] State { get; }
    internal string SnapshotId { get; private init; } = "";

    /// <summary>Stands for all changes so far: what digests chain. Barriers are no part of it, so logs that differ in these alone are equal.</summary>
    private long History { get; init; }

    internal static LogEntry Begin(long position, int[] state) => new(null, LogEntryKind.Start, 0, 0, 0, position, position, state);

    internal LogEntry Append(SparseSpace space, LogEntryKind kind, long firstSector, long sectorCount, int number)
    {
        var state = (int[])State.Clone();
        var from = space.IndexFrom(firstSector);
        state.AsSpan(from, space.IndexFrom(firstSector + sectorCount) - from).Fill(kind == LogEntryKind.Write ? number : 0);
        var length = 512 + (kind == LogEntryKind.Write ? sectorCount * BlockGeometry.SectorBytes : 0);
        return new LogEntry(this, kind, firstSector, sectorCount, number, End, End + length, state)
        {
            History = Mix(History, (long)kind, firstSector, sectorCount, kind == LogEntryKind.Write ? number : 0),
        };
    }

    internal LogEntry AppendBarrier(string snapshotId) =>
        new(this, LogEntryKind.Barrier, 0, 0, 0, End, End + 512, State) { SnapshotId = snapshotId, History = History };

    /// <summary>
    /// The store changes without the log, sectors of it at once; the record takes room in the log, so that nobody takes where the log goes on
    /// for where it stood.
    /// </summary>
    internal LogEntry AppendChange(int from, int count, int number, int length)
    {
        var state = (int[])State.Clone();
        state.AsSpan(from, count).Fill(number);
        return new(this, LogEntryKind.Change, 0, 0, number, End, End + length, state) { History = Mix(History, (long)LogEntryKind.Change, from, count, number) };
    }

    /// <summary>Records after <paramref name="from"/> up to this one, oldest first; null when it is not behind this one.</summary>
    internal List<LogEntry>? After(LogEntry from)
    {
        var entries = new List<LogEntry>();
        for (var entry = this; entry != from; entry = entry.Previous)
        {
            if (entry is null) return null;
            entries.Add(entry);
        }
        entries.Reverse();
        return entries;
    }

    /// <summary>The record of this log with the same position and history as another's, or null.</summary>
    internal LogEntry? Find(LogEntry other)
    {
        for (var entry = this; entry is not null && entry.End >= other.End; entry = entry.Previous)
            if (entry.Is(other)) return entry;
        return null;
    }

    /// <summary>Equal positions and equal histories.</summary>
    internal bool Is(LogEntry other) => this == other || (End == other.End && History == other.History);

    // Not HashCode, which differs from process to process.
    private static long Mix(long history, params ReadOnlySpan<long> values)
    {
        foreach (var value in values) history = unchecked((history ^ value) * 1_099_511_628_211);
        return history;
    }

    public override string ToString() => Kind switch
    {
        LogEntryKind.Write => $"write {Number} of [{FirstSector}, {FirstSector + SectorCount})",
        LogEntryKind.Barrier => $"barrier of {SnapshotId}",
        LogEntryKind.Change => $"change of the store to {Number}",
        LogEntryKind.Start => $"start at {End}",
        _ => $"{Kind} of [{FirstSector}, {FirstSector + SectorCount})",
    };
}
