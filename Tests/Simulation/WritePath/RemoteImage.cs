using System.Runtime.InteropServices;
using Tidegate.GatewayAgent.WriteLog;
using Log = Tidegate.GatewayAgent.WriteLog.WriteLog;

namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>The service as far as the log is concerned: committed segments, which must always be a prefix of the write order (I3).</summary>
internal sealed class RemoteImage
{
    private readonly List<LogHistory.Entry> _entries = [];
    private readonly List<SealDecision> _seals = [];

    internal CommittedPoint Committed { get; private set; } = new(0, 0, [], 0);

    /// <summary>Reads the sealed range as an upload would, and commits it.</summary>
    internal void Commit(Log log, SealDecision seal)
    {
        if (seal.Sequence != Committed.Sequence + 1 || seal.First != Committed.LogEnd)
            throw new Violation($"segment {seal.Sequence} [{seal.First}, {seal.End}) does not follow {Committed.Sequence} at {Committed.LogEnd}");
        var entries = log.Read(seal.First, seal.End).Select(LogHistory.Describe).ToList();
        if (!Digest(entries).AsSpan().SequenceEqual(seal.Digest))
            throw new Violation($"segment {seal.Sequence} reads differently than when it was sealed");
        _entries.AddRange(entries);
        _seals.Add(seal);
        Committed = new CommittedPoint(seal.Sequence, seal.End, seal.Digest, seal.Epoch);
    }

    internal void CheckPrefixOf(LogHistory history)
    {
        if (history.Entries.Count < _entries.Count)
            throw new Violation($"the service has {_entries.Count} records, the log had {history.Entries.Count}");
        for (var i = 0; i < _entries.Count; i++)
        {
            if (!LogHistory.Same(_entries[i], history.Entries[i]))
                throw new Violation($"the service's record {i} at {_entries[i].Position} is not the log's");
        }
    }

    /// <summary>A recovered log must know the decisions of every committed segment that it has not marked committed.</summary>
    internal void CheckSeals(Log log)
    {
        foreach (var seal in _seals.Where(seal => seal.Sequence > log.Committed.Sequence))
        {
            if (!log.Seals.Any(known => known.Sequence == seal.Sequence && known.First == seal.First && known.End == seal.End
                && known.Digest.AsSpan().SequenceEqual(seal.Digest)))
                throw new Violation($"the log forgot the decision for segment {seal.Sequence}, which was uploaded");
        }
        foreach (var (seal, next) in log.Seals.Zip(log.Seals.Skip(1)))
        {
            if (next.Sequence != seal.Sequence + 1 || next.First != seal.End)
                throw new Violation($"decisions {seal.Sequence} and {next.Sequence} leave a gap");
        }
    }

    internal static byte[] Digest(IEnumerable<LogHistory.Entry> entries)
    {
        var fields = new List<long>();
        foreach (var entry in entries)
        {
            fields.AddRange([entry.Position, (long)entry.Kind, entry.FirstUnit, entry.EndUnit]);
            foreach (var value in entry.Values)
                fields.Add(value);
        }
        return BitConverter.GetBytes(Crc32C.Compute(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(fields))));
    }
}
