using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;
using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.BlockStore;

// Sealing, uploading, committing.
internal sealed partial class SimulatedAgent
{
    private static readonly TimeSpan TicketLife = TimeSpan.FromSeconds(60);
    private readonly SortedDictionary<long, Upload> _uploads = [];

    internal bool HasUploads => _uploads.Values.Any(upload => upload.IsStored);

    /// <summary>
    /// Decides the next segments, of fewer than so many records; each ends at a barrier, if it meets one. The decision is durable in
    /// the log at once.
    /// </summary>
    internal void Seal(int most, int mostRecords = 5)
    {
        if (!IsAttached) return;
        var before = _seals.Count;
        for (; most > 0; most--)
        {
            var (from, previous, sequence) = _seals.Count > 0
                ? (_seals[^1].To, _seals[^1].Digest, _seals[^1].Sequence)
                : (Committed.Point, Committed.Digest, Committed.Sequence);
            if (from == Durable) break;
            var ahead = Durable.After(from) ?? throw new Violation($"{Name} has decided on records that its log does not hold");
            var barrier = ahead.FindIndex(entry => entry.Kind == LogEntryKind.Barrier);
            var count = Math.Min(_world.Random.Next(1, mostRecords), ahead.Count);
            var to = ahead[(barrier >= 0 ? Math.Min(barrier + 1, count) : count) - 1];
            using var builder = Feed(from, to);
            _seals.Add(new SealDecided(sequence + 1, from, to, previous, builder.ComputeDigest(previous, sequence + 1, to.End), _epoch));
        }
        if (_seals.Count > before) _world.Note($"{Name}: decides segments {_seals[before].Sequence} to {_seals[^1].Sequence}, to '{_seals[^1].To}'");
    }

    /// <summary>Seals and sends one decided segment that is not known to be stored.</summary>
    internal void UploadOne()
    {
        if (!IsAttached) return;
        var waiting = _seals.Where(seal => !_uploads.TryGetValue(seal.Sequence, out var upload) || !upload.IsStored).ToList();
        if (_world.Pick(waiting) is not { } seal) return;
        if (seal.From.End < Trimmed.End) throw new Violation($"{Name} has to seal records from {seal.From.End} again, and trimmed them to {Trimmed.End} (I1)");
        if (!_uploads.TryGetValue(seal.Sequence, out var upload)) _uploads[seal.Sequence] = upload = SealNow(seal);
        if (Volume.IssueTicket(_epoch) is not { } ticketAt)
        {
            Detach();
            return;
        }
        upload.TicketAt = ticketAt;
        if (_world.Is(PlantedBug.TrimBeforeDurableCommit)) Trimmed = seal.To;
        var life = _life;
        if (_world.Is(PlantedBug.CommitWithoutBlob)) upload.IsStored = true;
        _world.Send($"put of segment {seal.Sequence} by {Name}", () =>
        {
            if (_world.Now - ticketAt > TicketLife) return;
            Sync.Result(_world.Bucket.PutIfAbsentAsync(upload.Reference.Identity.BlobKey, upload.Content));
            if (life == _life && !_world.Fault(0.1)) upload.IsStored = true;
        });
    }

    /// <summary>Commits the contiguous prefix of what is stored, perhaps with repeats in front.</summary>
    internal void SendCommit(bool isAnswerLost = false)
    {
        if (!IsAttached) return;
        var ready = _uploads.Values.TakeWhile((upload, i) => upload.IsStored && upload.Seal.Sequence == _seals[0].Sequence + i).Take(32).ToList();
        if (ready.Count == 0) return;
        if (_world.Chance(0.2)) ready = ready[..(1 + _world.Random.Next(ready.Count))];
        var segments = ready.Select(upload => (upload.ToClaim(), upload.TicketAt)).ToList();
        var (epoch, life) = (_epoch, _life);
        _world.Send($"commit of {Name} in epoch {epoch}", () => Volume.Commit(epoch, segments, (row, refusal) =>
            _world.Send($"answer to a commit of {Name}", () =>
            {
                if (life != _life || isAnswerLost) return;
                if (refusal is null) Learn(row);
                else if (refusal.Reason != HeadRefusalReason.TailFull) Detach();
            })));
    }

    private SegmentBuilder Feed(LogEntry from, LogEntry to)
    {
        var builder = new SegmentBuilder(Volume.Key, from.End);
        foreach (var entry in to.After(from) ?? throw new Violation($"{Name} seals records that its log does not hold"))
        {
            if (entry.Kind == LogEntryKind.Write)
            {
                var bytes = new byte[entry.SectorCount * SectorBytes.Length];
                for (var i = 0; i < entry.SectorCount; i++)
                    SectorBytes.Fill(entry.Number, entry.FirstSector + i, bytes.AsSpan(i * SectorBytes.Length, SectorBytes.Length));
                builder.Write(entry.FirstSector * SectorBytes.Length, bytes);
            }
            else if (entry.Kind == LogEntryKind.Discard)
            {
                builder.Discard(entry.FirstSector * SectorBytes.Length, entry.SectorCount * SectorBytes.Length);
            }
            else if (entry.Kind == LogEntryKind.Zero)
            {
                builder.Zero(entry.FirstSector * SectorBytes.Length, entry.SectorCount * SectorBytes.Length);
            }
        }
        return builder;
    }

    private Upload SealNow(SealDecided seal)
    {
        using var builder = Feed(seal.From, seal.To);
        if (builder.ComputeDigest(seal.Previous, seal.Sequence, seal.To.End) != seal.Digest)
            throw new Violation($"{Name} seals segment {seal.Sequence} again, and its digest is another (I8)");
        var identity = _world.Is(PlantedBug.NonceReuse)
            ? new SegmentIdentity(SegmentKind.Data, Volume.Lineage, 1, _epoch, seal.Sequence, new BlobNonce((UInt128)(ulong)seal.Sequence))
            : SegmentIdentity.NewData(Volume.Lineage, 1, _epoch, seal.Sequence, _world);
        using var segment = builder.Seal(identity, seal.Previous, seal.To.End, _world.Now, _world.Now);
        _world.RegisterSealed(segment, seal.From, seal.To);
        return new Upload(seal, segment.Reference, segment.Content.ToArray(), segment.FrameBytes, _world.Now);
    }

    /// <summary>One sealed segment on its way.</summary>
    private sealed class Upload(SealDecided seal, SegmentReference reference, byte[] content, int frameBytes, DateTimeOffset hostTime)
    {
        public SealDecided Seal => seal;
        public SegmentReference Reference => reference;
        public ReadOnlyMemory<byte> Content => content;
        public DateTimeOffset TicketAt { get; set; }
        public bool IsStored { get; set; }

        public Upload Copy() => new(seal, reference, content, frameBytes, hostTime) { TicketAt = TicketAt, IsStored = IsStored };

        public SegmentClaim ToClaim() => new(
            reference.Identity.BlobKey, seal.Sequence, seal.From.End, seal.To.End, seal.Previous, seal.Digest, reference.LengthBytes, frameBytes, hostTime,
            seal.To.SnapshotId.Length > 0 ? [seal.To.SnapshotId] : [])
        {
            Mark = StagingMark.In([seal.To.SnapshotId]),
        };
    }
}
