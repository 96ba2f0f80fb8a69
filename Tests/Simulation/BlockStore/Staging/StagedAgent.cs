using Tidegate.BlockStore;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;
using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.BlockStore.Staging;

/// <summary>
/// The agent's side of one volume: a log, a store, and what an agent does to bring a store and a remote image together again that came apart.
/// Log and store survive a crash; what was being uploaded does not.
/// </summary>
internal sealed class StagedAgent(StagedWorld world, StagedService service)
{
    private readonly int[] _local = new int[world.Space.Count];
    private readonly List<Record> _unsealed = [];
    private readonly List<SealDecision> _seals = [];
    private readonly SortedDictionary<long, SegmentClaim> _log = [];
    private readonly List<SegmentClaim> _fills = [];
    private readonly Dictionary<long, int[]> _stateAt = [];
    private readonly Dictionary<long, int[]> _filled = [];
    private readonly List<(string Id, long Position)> _waiting = [];
    private HashSet<int> _toCopy = [];
    private (long Sequence, SegmentDigest Digest, long End) _committed = (0, SegmentDigest.None, 0);
    private (long Number, SegmentDigest Digest) _fillTip;
    private long _epoch;
    private long _lastEpoch;
    private long _branch;
    private long _mainAtBegin;
    private long _logEnd;
    private long _copyEnd;
    private bool _isApart;

    internal bool IsStaging => _branch > 0;

    internal bool IsAttached => _epoch > 0;

    /// <summary>True when the remote image is the store, through the log alone.</summary>
    internal bool IsTogether => IsAttached && !IsStaging && !_isApart && _unsealed.Count == 0 && _seals.Count == 0;

    internal int[] Local => _local;

    internal void Write()
    {
        var index = world.Random.Next(world.Space.Count);
        var number = world.NextNumber();
        Change(LogEntryKind.Write, index, Run(index, world.Random.Next(1, 6)), number);
    }

    internal void Discard()
    {
        var index = world.Random.Next(world.Space.Count);
        Change(LogEntryKind.Discard, index, world.Chance(0.2) ? world.Space.Count - index : world.Random.Next(1, 20), 0);
    }

    /// <summary>The log is given up for a while: what is written goes to the store alone.</summary>
    internal void PassBy()
    {
        if (_isApart) return;
        (_isApart, _epoch) = (true, 0);
        Forget();
        world.Happened("writes go past the log");
    }

    internal void Crash()
    {
        _epoch = 0;
        Forget();
        world.Note("the agent dies");
    }

    internal void Attach()
    {
        _epoch = 0;
        Forget();
        var hasGap = _isApart && !world.Is(StagingBug.GapForgotten);
        var claim = new AttachClaim(
            _lastEpoch, _committed.Sequence, _committed.Digest, _committed.End, world.Space.LastSizeBytes,
            [.. _seals.Select(seal => new SealClaim(seal.Sequence, seal.From, seal.To, seal.Digest))])
        {
            IsStoreChanged = _isApart,
            LogResumesAt = hasGap ? _logEnd : null,
        };
        service.Attach(claim, head => Attached(head, hasGap));
    }

    internal void Seal()
    {
        if (!IsAttached || _isApart || _unsealed.Count == 0) return;
        AddSeal(world.Random.Next(1, _unsealed.Count + 1));
    }

    internal void Upload()
    {
        if (!IsAttached || _isApart) return;
        foreach (var seal in _seals.Where(seal => !_log.ContainsKey(seal.Sequence)).ToList())
        {
            if (world.Chance(0.3)) continue;
            using var builder = seal.Feed();
            using var segment = builder.Seal(SegmentIdentity.NewData(StagedService.Lineage, 1, _epoch, seal.Sequence, world), seal.Previous, seal.To, world.Now, world.Now);
            if (segment.Digest != seal.Digest) throw new Violation("a range seals to another digest the second time (I8)");
            world.States[segment.BlobKey] = seal.State;
            Sync.Result(world.Bucket.PutIfAbsentAsync(segment.BlobKey, segment.Content));
            if (!world.Fault(0.1)) _log[seal.Sequence] = ClaimOf(segment, seal.From, seal.To, seal.Previous);
        }
    }

    internal void CommitLog()
    {
        if (!IsAttached || _isApart) return;
        var ready = _log.Values.TakeWhile((claim, i) => claim.Sequence == _seals[0].Sequence + i).Take(world.Random.Next(1, 12)).ToList();
        if (ready.Count > 0) service.Commit(_epoch, ready, areFills: false, Committed);
    }

    /// <summary>Copies some blocks out of the store as they are now, the missing ones or any.</summary>
    internal void Copy()
    {
        if (!IsAttached || !IsStaging) return;
        var missing = _toCopy.Except(_filled.Values.SelectMany(blocks => blocks)).ToList();
        var from = missing.Count > 0 && world.Chance(0.9) ? missing : [.. Enumerable.Range(0, world.Space.Blocks.Length)];
        var blocks = from.OrderBy(_ => world.Random.Next()).Take(world.Random.Next(1, 4)).Order().ToArray();
        using var builder = new SegmentBuilder(StoreWorld.KeyOf(StagedService.Lineage), 0);
        foreach (var index in blocks.SelectMany(block => Enumerable.Range(block * BlockGeometry.SectorsPerBlock, BlockGeometry.SectorsPerBlock)))
        {
            var sector = world.Space.SectorAt(index);
            if ((sector + 1) * SectorBytes.Length > world.Space.LastSizeBytes) continue;
            if (_local[index] == 0) builder.Zero(sector * SectorBytes.Length, SectorBytes.Length);
            else builder.Write(sector * SectorBytes.Length, Bytes(_local[index], sector, 1));
        }
        using var segment = builder.Seal(SegmentIdentity.NewFill(StagedService.Lineage, 1, _epoch, _fillTip.Number + 1, world), _fillTip.Digest, 0, world.Now, world.Now);
        Sync.Result(world.Bucket.PutIfAbsentAsync(segment.BlobKey, segment.Content));
        _fills.Add(ClaimOf(segment, 0, 0, _fillTip.Digest));
        _fillTip = (_fillTip.Number + 1, segment.Digest);
        _filled[_fillTip.Number] = blocks;
        _copyEnd = _logEnd;
    }

    internal void CommitFills()
    {
        if (!IsAttached || !IsStaging || _fills.Count == 0) return;
        service.Commit(_epoch, [.. _fills.Take(world.Random.Next(1, 12))], areFills: true, Committed);
    }

    /// <summary>Asks for the publication as soon as everything is copied, whether or not all of it is committed.</summary>
    internal void Publish()
    {
        if (!IsAttached || !IsStaging || _toCopy.Except(_filled.Values.SelectMany(blocks => blocks)).Any()) return;
        if (_seals.Count == 0 && _unsealed.Count == 0 && _committed.Sequence <= _mainAtBegin) Barrier();
        var staged = service.Head.Staging?.LogEnd ?? 0;
        var waiting = _waiting.Where(snapshot => snapshot.Position <= staged).Select(snapshot => snapshot.Id).ToList();
        service.PreparePublication(new StagingDeclaration(_epoch, _fillTip.Number, _fillTip.Digest, _copyEnd), sequence => _stateAt[sequence], waiting);
    }

    internal void Snapshot(string id)
    {
        if (!IsAttached || _isApart || service.Head.Epoch != _epoch) return;
        if (service.Head.Staging is null)
        {
            service.Snapshot(id);
            return;
        }
        if (service.Snapshot(id)) throw new Violation("a snapshot is taken of a volume that is staged (I4)");
        Barrier();
        _waiting.Add((id, _logEnd));
    }

    private void Attached(VolumeHead? head, bool hasGap)
    {
        if (head is null) return;
        _waiting.RemoveAll(snapshot => service.Truth.Snapshots.ContainsKey(snapshot.Id));
        var wasMine = head.Staging?.FirstEpoch == _branch && IsStaging;
        if (head.Staging is { } staging && !wasMine)
        {
            if (staging.FirstEpoch != head.Epoch || (!_isApart && staging.Sequence != _committed.Sequence))
            {
                // A branch whose beginning was never heard of: another one has to be begun.
                _isApart = true;
                return;
            }
            (_branch, _mainAtBegin) = (staging.FirstEpoch, head.CommittedSequence);
            if (hasGap)
            {
                _seals.Clear();
                _unsealed.Clear();
                _isApart = false;
            }
            if (world.Is(StagingBug.GapForgotten)) _isApart = false;
            _stateAt.Clear();
            _stateAt[staging.Sequence] = [.. _local];
            foreach (var seal in _seals) _stateAt[seal.Sequence] = seal.State;
            _toCopy = [.. Enumerable.Range(0, world.Space.Blocks.Length)];
            _filled.Clear();
            _committed = (staging.Sequence, staging.Digest, staging.LogEnd);
            _seals.RemoveAll(seal => seal.Sequence <= staging.Sequence);
        }
        else if (head.Staging is null && IsStaging)
        {
            if (head.CommittedSequence <= _mainAtBegin)
            {
                _isApart = true;
                return;
            }
            _branch = 0;
        }
        _epoch = _lastEpoch = head.Epoch;
        Learn(head);
    }

    private void Committed(VolumeHead head, bool isTaken)
    {
        if (!isTaken) _epoch = head.Epoch == _epoch ? _epoch : 0;
        else Learn(head);
    }

    /// <summary>An answer says how far log and fills are committed, or that the branch is the main image now.</summary>
    private void Learn(VolumeHead head)
    {
        if (head.Staging is null && IsStaging) _branch = 0;
        var (sequence, digest, end) = head.Staging is { } staging
            ? (staging.Sequence, staging.Digest, staging.LogEnd)
            : (head.CommittedSequence, head.TipDigest, head.CommittedLogEnd);
        if (sequence > _committed.Sequence)
        {
            if (_seals.Find(seal => seal.Sequence == sequence) is { } seal && seal.Digest != digest) throw new Violation("another log is committed (I8)");
            _committed = (sequence, digest, end);
            _seals.RemoveAll(done => done.Sequence <= sequence);
            foreach (var done in _log.Keys.Where(key => key <= sequence).ToList()) _log.Remove(done);
        }
        if (head.Staging is not { } branch) return;
        _fills.RemoveAll(fill => fill.Sequence <= branch.Fills);
        if (_fills.Count > 0) return;
        foreach (var lost in _filled.Keys.Where(number => number > branch.Fills).ToList()) _filled.Remove(lost);
        _fillTip = (branch.Fills, branch.FillDigest);
    }

    private void Change(LogEntryKind kind, int index, int count, int number)
    {
        count = Math.Min(count, world.Space.Count - index);
        var first = world.Space.SectorAt(index);
        var end = Math.Min(kind == LogEntryKind.Write ? first + count : world.Space.SectorAt(index + count - 1) + 1, world.Space.LastSizeBytes / SectorBytes.Length);
        if (end <= first) return;
        _local.AsSpan(index, world.Space.IndexFrom(end) - index).Fill(number);
        if (_isApart) return;
        var length = 512 + (kind == LogEntryKind.Write ? (end - first) * SectorBytes.Length : 0);
        _unsealed.Add(new Record(kind, first, end - first, number, _logEnd += length, [.. _local]));
    }

    private void Barrier()
    {
        _unsealed.Add(new Record(LogEntryKind.Barrier, 0, 0, 0, _logEnd += 512, [.. _local]));
        AddSeal(_unsealed.Count);
    }

    private void AddSeal(int count)
    {
        var (sequence, digest, from) = _seals.Count > 0 ? (_seals[^1].Sequence, _seals[^1].Digest, _seals[^1].To) : _committed;
        var records = _unsealed[..count];
        _unsealed.RemoveRange(0, count);
        var seal = new SealDecision(sequence + 1, from, records[^1].End, digest, records);
        _seals.Add(seal);
        _stateAt[seal.Sequence] = seal.State;
        using var builder = seal.Feed();
        seal.Digest = builder.ComputeDigest(digest, seal.Sequence, seal.To);
    }

    private void Forget()
    {
        _log.Clear();
        _fills.Clear();
    }

    private int Run(int index, int most)
    {
        var run = 1;
        while (run < most && index + run < world.Space.Count && world.Space.SectorAt(index + run) == world.Space.SectorAt(index) + run) run++;
        return run;
    }

    private static SegmentClaim ClaimOf(SealedSegment segment, long from, long to, SegmentDigest previous) => new(
        segment.BlobKey, segment.Header.Identity.Sequence, from, to, previous, segment.Digest, segment.LengthBytes, segment.FrameBytes, segment.Header.HostTimeEnd, []);

    private static byte[] Bytes(int number, long sector, long count)
    {
        var bytes = new byte[count * SectorBytes.Length];
        for (var i = 0; i < count; i++) SectorBytes.Fill(number, sector + i, bytes.AsSpan(i * SectorBytes.Length, SectorBytes.Length));
        return bytes;
    }

    /// <summary>A record of the log, and the store after it.</summary>
    private sealed record Record(LogEntryKind Kind, long FirstSector, long Count, int Number, long End, int[] State);

    /// <summary>A decision of the log, durable: which records a segment holds.</summary>
    private sealed class SealDecision(long sequence, long from, long to, SegmentDigest previous, List<Record> records)
    {
        public long Sequence => sequence;
        public long From => from;
        public long To => to;
        public SegmentDigest Previous => previous;
        public SegmentDigest Digest { get; set; } = SegmentDigest.None;
        public int[] State => records[^1].State;

        public SegmentBuilder Feed()
        {
            var builder = new SegmentBuilder(StoreWorld.KeyOf(StagedService.Lineage), from);
            foreach (var record in records)
            {
                if (record.Kind == LogEntryKind.Write) builder.Write(record.FirstSector * SectorBytes.Length, Bytes(record.Number, record.FirstSector, record.Count));
                else if (record.Kind == LogEntryKind.Discard) builder.Discard(record.FirstSector * SectorBytes.Length, record.Count * SectorBytes.Length);
            }
            return builder;
        }
    }
}
