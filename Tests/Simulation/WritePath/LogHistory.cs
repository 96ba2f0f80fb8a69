using Tidegate.GatewayAgent.WriteLog;
using Log = Tidegate.GatewayAgent.WriteLog.WriteLog;

namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>Every record that was ever appended and survived, in order, across all lives: the write order of I3.</summary>
internal sealed class LogHistory(int units)
{
    internal sealed record Entry(long Position, long End, LogRecordKind Kind, int FirstUnit, int EndUnit, int[] Values, string SnapshotId);

    private readonly int[] _base = new int[units];
    private readonly List<Entry> _entries = [];
    private LogAnchor _anchor = LogAnchor.Start;

    internal IReadOnlyList<Entry> Entries => _entries;

    /// <summary>The log begins on a volume that holds something: it is restored.</summary>
    internal void StartFrom(int[] state) => state.CopyTo(_base, 0);

    /// <summary>The point of a snapshot; null when the log never held its barrier.</summary>
    internal long? PointOf(string snapshotId) => _entries.Find(entry => entry.SnapshotId == snapshotId)?.End;

    internal long End => _anchor.Position;

    /// <summary>Takes over records that were appended since.</summary>
    internal void Follow(Log log, long end)
    {
        if (_anchor.Position >= end)
            return;
        using var cursor = log.OpenCursor(_anchor);
        while (cursor.Anchor.Position < end)
        {
            if (cursor.ReadNext(end) is { } fault)
                throw new Violation($"record at {cursor.Anchor.Position} of an open log is bad: {fault}");
            _entries.Add(Describe(cursor.Current));
        }
        _anchor = cursor.Anchor;
    }

    /// <summary>After a recovery: forgets what did not survive and learns what was appended last.</summary>
    internal void Recover(Log log)
    {
        var end = log.End;
        while (_entries.Count > 0 && _entries[^1].End > end)
            _entries.RemoveAt(_entries.Count - 1);
        var known = _entries.Count == 0 ? 0 : _entries[^1].End;
        var anchor = log.AppliedAnchor;
        // The first records of a life prove nothing about a cursor that starts further back.
        if (known < anchor.Position)
            throw new Violation($"P is {anchor.Position}, but only records up to {known} were ever seen");
        using var cursor = log.OpenCursor(anchor);
        while (cursor.Anchor.Position < end)
        {
            if (cursor.ReadNext(end) is { } fault)
                throw new Violation($"record at {cursor.Anchor.Position} of a recovered log is bad: {fault}");
            var entry = Describe(cursor.Current);
            if (entry.Position >= known)
                _entries.Add(entry);
            else if (_entries.Find(other => other.Position == entry.Position) is not { } same || !Same(same, entry))
                throw new Violation($"the recovered record at {entry.Position} is not the one that was appended there");
        }
        _anchor = cursor.Anchor;
    }

    /// <summary>The volume after every record before a position.</summary>
    internal int[] StateAt(long position)
    {
        var state = _base.ToArray();
        foreach (var entry in _entries)
        {
            if (entry.End > position)
                break;
            for (var unit = entry.FirstUnit; unit < entry.EndUnit; unit++)
                state[unit] = entry.Values.Length == 0 ? 0 : entry.Values[unit - entry.FirstUnit];
        }
        return state;
    }

    internal static Entry Describe(LogRecord record) => new(
        record.Position, record.End, record.Kind,
        record.IsNote ? 0 : (int)(record.Offset / ClientModel.UnitBytes),
        record.IsNote ? 0 : (int)((record.Offset + record.Length) / ClientModel.UnitBytes),
        record.Kind == LogRecordKind.Write ? ClientModel.Decode(record.Data.Span) : [],
        record.Kind == LogRecordKind.Barrier ? LogNotes.DecodeBarrier(record).SnapshotId : "");

    internal static bool Same(Entry left, Entry right) =>
        (left.Position, left.End, left.Kind, left.FirstUnit, left.EndUnit) == (right.Position, right.End, right.Kind, right.FirstUnit, right.EndUnit)
        && left.Values.AsSpan().SequenceEqual(right.Values);
}
