using Tidegate.BlockStore;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>A decision of the log: exactly which records a segment holds.</summary>
internal sealed record SealDecided(long Sequence, LogEntry From, LogEntry To, SegmentDigest Previous, SegmentDigest Digest, long Epoch);

/// <summary>Where the volume is committed, as a log knows it.</summary>
internal sealed record CommittedAt(long Sequence, LogEntry Point, SegmentDigest Digest, long Epoch)
{
    /// <summary>Log end as it says it to the service: a new log says 0, wherever it begins.</summary>
    internal long LogEnd => Sequence > 0 || Point.Kind == LogEntryKind.Change ? Point.End : 0;
}

/// <summary>
/// One volume at an agent: its log, what was decided, sealed and uploaded of it. It does what <c>GatewayAgent/Shadow</c> does, one small
/// step at a time, and can die between any two.
/// </summary>
internal sealed partial class SimulatedAgent
{
    private readonly StoreWorld _world;
    private List<SealDecided> _seals = [];
    private long _storeSize;
    private long _epoch;
    private int _life;

    internal SimulatedAgent(StoreWorld world, SimulatedVolume volume, string name, CommittedAt start, long storeSize)
    {
        (_world, Volume, Name, Committed, _storeSize) = (world, volume, name, start, storeSize);
        Last = Durable = Trimmed = start.Point;
    }

    internal SimulatedVolume Volume { get; }

    internal string Name { get; }

    /// <summary>Last record of the log.</summary>
    internal LogEntry Last { get; private set; }

    /// <summary>Last record that survives a crash.</summary>
    internal LogEntry Durable { get; private set; }

    /// <summary>Records up to here are gone: the log had to make room.</summary>
    internal LogEntry Trimmed { get; private set; }

    internal CommittedAt Committed { get; private set; }

    /// <summary>The log forked from the volume's history, or the volume was put back to an older state: it serves no more.</summary>
    internal bool IsEnded { get; private set; }

    internal bool IsAttached => _epoch > 0;

    internal bool IsDrained => Committed.Point == Last;

    internal void Write(int count)
    {
        for (; count > 0; count--)
        {
            var limit = _world.Space.IndexFrom(_storeSize / BlockGeometry.SectorBytes);
            if (limit == 0) return;
            var index = _world.Random.Next(limit);
            var sectors = Math.Min(_world.Chance(0.2) ? _world.Random.Next(1, 33) : _world.Random.Next(1, 5), limit - index);
            // A write is contiguous: it ends where the modelled blocks do.
            var run = 1;
            while (run < sectors && _world.Space.SectorAt(index + run) == _world.Space.SectorAt(index) + run) run++;
            Append(LogEntryKind.Write, _world.Space.SectorAt(index), run);
        }
    }

    internal void Discard()
    {
        var end = _storeSize / BlockGeometry.SectorBytes;
        var index = _world.Random.Next(Math.Max(1, _world.Space.IndexFrom(end)));
        var first = _world.Space.SectorAt(index);
        var (from, to) = _world.Random.Next(6) switch
        {
            0 => (0, end),
            // A leaf of the map, or several.
            1 => (first / 8192 * 8192, ((first / 8192) + _world.Random.Next(1, 3)) * 8192),
            2 => (first / 16 * 16, ((first / 16) + 1) * 16),
            3 => (first, first + 262_144L),
            _ => (first, first + _world.Random.Next(1, 24)),
        };
        to = Math.Min(to, end);
        if (from < to) Append(_world.Chance(0.5) ? LogEntryKind.Discard : LogEntryKind.Zero, from, to - from);
    }

    internal void Flush() => Durable = Last;

    internal void Barrier(string snapshotId)
    {
        Last = Last.AppendBarrier(snapshotId);
        // A barrier is answered when it is durable, and not before (M2.8).
        Flush();
        _world.Note($"{Name}: {Last}");
    }

    /// <summary>The process dies; the log keeps what was durable, and perhaps some of the rest.</summary>
    internal void Crash()
    {
        if (_world.Chance(0.5)) Durable = (Last.After(Durable) ?? throw new Violation("a log's durable end is not in it"))
            .Take(_world.Random.Next(3)).LastOrDefault() ?? Durable;
        Last = Durable;
        Detach();
        if (_world.Is(PlantedBug.ChangeForgottenInACrash)) _resumesAt = null;
        if (_world.Is(PlantedBug.SealAgainWithAnotherCut)) _seals = [.. _seals.Where(seal => seal.Sequence <= Committed.Sequence)];
        _world.Happened("an agent dies", $"{Name}, whose log then ends with {Last}");
    }

    /// <summary>A second machine with the same log and store; when the first was copied as it ran, with its epoch and uploads as well.</summary>
    internal SimulatedAgent Copy(string name, bool isRunning)
    {
        Volume.WasCopied = true;
        var copy = new SimulatedAgent(_world, Volume, name, Committed, _storeSize)
        {
            Last = isRunning ? Last : Durable,
            Durable = Durable,
            Trimmed = Trimmed,
            IsEnded = IsEnded,
            _seals = [.. _seals],
            _epoch = isRunning ? _epoch : 0,
            _resumesAt = _resumesAt,
        };
        if (!isRunning) return copy;
        foreach (var (sequence, upload) in _uploads) copy._uploads[sequence] = upload.Copy();
        return copy;
    }

    internal void Attach()
    {
        if (IsEnded) return;
        Detach();
        var life = _life;
        var lastEpoch = Math.Max(Committed.Epoch, _seals.Count > 0 ? _seals[^1].Epoch : 0);
        var claim = new AttachClaim(
            lastEpoch, Committed.Sequence, Committed.Digest, Committed.LogEnd, _storeSize,
            [.. _seals.Select(seal => new SealClaim(seal.Sequence, seal.From.End, seal.To.End, seal.Digest))])
        {
            IsStoreChanged = IsApart,
            LogResumesAt = _world.Is(PlantedBug.GapForgotten) ? null : _resumesAt?.End,
        };
        var (log, at) = (Last, _world.Is(PlantedBug.GapForgotten) ? Committed.Point : _resumesAt ?? Committed.Point);
        _world.Send($"attach of {Name}", () => Volume.Attach(claim, log, at, (row, refusal) =>
            _world.Send($"answer to the attach of {Name}", () =>
            {
                if (life == _life) Attached(row, refusal);
            })));
    }

    /// <summary>The owner discards store and log; the volume is restored from the head.</summary>
    internal static SimulatedAgent Restored(StoreWorld world, SimulatedVolume volume, string name)
    {
        var row = volume.Row!;
        volume.WasCopied = true;
        var point = row.Head.CommittedSequence == 0 ? LogEntry.Begin(world.Random.Next(5) * 4096, row.Truth.Tip.State) : row.Truth.Tip;
        // A log of which nothing was ever committed has seen no epoch.
        var epoch = row.Head.CommittedSequence == 0 ? 0 : row.Head.Epoch;
        return new SimulatedAgent(world, volume, name, new CommittedAt(row.Head.CommittedSequence, point, row.Head.TipDigest, epoch), row.Head.SizeBytes);
    }

    internal void Abandon() => IsEnded = true;

    private void Append(LogEntryKind kind, long firstSector, long count)
    {
        Last = Last.Append(_world.Space, kind, firstSector, count, _world.NextNumber());
        _world.Note($"{Name}: {Last}");
    }

    private void Detach()
    {
        _life++;
        _epoch = 0;
        _uploads.Clear();
        _fills.Clear();
        _copyEnd = null;
    }

    private void Attached(VolumeRow row, HeadRefusal? refusal)
    {
        // Nobody waits for a second answer.
        _life++;
        if (refusal?.Reason == HeadRefusalReason.Diverged)
        {
            if (!Volume.WasCopied) throw new Violation($"{Name}, whose log was never copied, is told that it diverged: {refusal.Message}");
            IsEnded = true;
            _world.Happened("a log has diverged", Name);
        }
        if (refusal?.Reason == HeadRefusalReason.SizeMismatch)
        {
            // The volume's configuration grows the store; where the service forgot a growth, its owner grows the volume again.
            if (_storeSize > row.Head.SizeBytes) Volume.Resize(_storeSize);
            else _storeSize = row.Head.SizeBytes;
        }
        if (refusal is not null) return;
        Learn(row);
        if (row.Head.Staging is { } staging) Committed = Committed with { Epoch = Math.Max(Committed.Epoch, staging.FirstEpoch) };
        BeginCopies(row);
        _storeSize = Math.Max(_storeSize, row.Head.SizeBytes);
        _epoch = row.Head.Epoch;
    }

    /// <summary>An answer says how far the volume, or its branch, is committed: that becomes durable, and then the log may be trimmed.</summary>
    private void Learn(VolumeRow row)
    {
        var staging = row.Head.Staging;
        if (staging is null) Branch = 0;
        var (sequence, tip, digest) = staging is null
            ? (row.Head.CommittedSequence, row.Truth.Tip, row.Head.TipDigest)
            : (staging.Sequence, row.Truth.Staged!.Tip, staging.Digest);
        // What of the log was not committed before the store changed is given up.
        if (_resumesAt is not null)
        {
            if (staging is null) throw new Violation($"{Name} is attached as if its store had not changed");
            _resumesAt = null;
            if (!_world.Is(PlantedBug.GapForgotten)) _seals.Clear();
        }
        else if (sequence == 0)
        {
            return;
        }
        var point = Last.Find(tip)
            ?? throw new Violation($"{Name} is told that its log is committed up to '{tip}', which it does not hold (I8)");
        if (sequence > Committed.Sequence || point.End > Committed.Point.End)
        {
            var epoch = _seals.Find(seal => seal.Sequence == sequence)?.Epoch ?? Committed.Epoch;
            Committed = new CommittedAt(sequence, point, digest, epoch);
            _seals.RemoveAll(seal => seal.Sequence <= Committed.Sequence);
            foreach (var known in _uploads.Keys.Where(known => known <= Committed.Sequence).ToList()) _uploads.Remove(known);
        }
        if (Trimmed.End > Committed.Point.End)
            throw new Violation($"{Name} has trimmed its log to {Trimmed.End}; the volume is committed up to {Committed.Point.End} (I1, I3)");
        Trimmed = Committed.Point;
    }
}
