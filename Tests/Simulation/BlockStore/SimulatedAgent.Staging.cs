using Tidegate.BlockStore;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;

namespace Tidegate.Tests.Simulation.BlockStore;

// Filling a staging branch, as GatewayAgent/Shadow does: the whole store is copied while the log drains, and then published.
internal sealed partial class SimulatedAgent
{
    private readonly List<FillUpload> _fills = [];
    private readonly HashSet<uint> _copied = [];
    private LogEntry? _resumesAt;
    private (long Number, SegmentDigest Digest) _fillTip;
    private LogEntry? _copyEnd;

    /// <summary>The branch that it fills; 0 for none.</summary>
    internal long Branch { get; private set; }

    /// <summary>Blocks are left to copy.</summary>
    internal bool IsMissing => Missing().Any();

    /// <summary>The service has not heard yet that the store changed.</summary>
    internal bool IsApart => _resumesAt is not null;

    /// <summary>The agent stops in order, somebody writes to its store, and it notes where its log goes on before it serves again.</summary>
    internal void ChangeStore()
    {
        if (IsEnded) return;
        Flush();
        Detach();
        var from = _world.Random.Next(Math.Max(1, _world.Space.IndexFrom(_storeSize / BlockGeometry.SectorBytes)));
        var count = Math.Min(_world.Random.Next(1, 40), _world.Space.IndexFrom(_storeSize / BlockGeometry.SectorBytes) - from);
        if (count <= 0) return;
        Last = Durable = Last.AppendChange(from, count, _world.Chance(0.2) ? 0 : _world.NextNumber(), _world.Is(PlantedBug.GapTakesNoRoom) ? 0 : 512);
        _resumesAt = Last;
        _world.Happened("a store changes behind its agent", $"{Name}: {Last}");
    }

    /// <summary>Copies some blocks as hosts see them, those that are missing or any, and sends the copy.</summary>
    internal void Copy(int most)
    {
        if (!IsAttached || Branch == 0) return;
        var missing = Missing().ToList();
        var from = missing.Count > 0 && _world.Chance(0.9) ? missing : [.. Blocks()];
        var blocks = from.OrderBy(_ => _world.Random.Next()).Take(most).Order().ToList();
        if (blocks.Count == 0) return;
        var sectors = new List<int>();
        using var builder = new SegmentBuilder(Volume.Key, 0);
        var bytes = new byte[SectorBytes.Length];
        foreach (var block in blocks)
        {
            var first = _world.Space.IndexOfBlock(block) * BlockGeometry.SectorsPerBlock;
            for (var index = first; index < first + BlockGeometry.SectorsPerBlock; index++)
            {
                var sector = _world.Space.SectorAt(index);
                if ((sector + 1) * SectorBytes.Length > _storeSize) break;
                sectors.Add(index);
                if (Last.State[index] == 0)
                {
                    builder.Zero(sector * SectorBytes.Length, SectorBytes.Length);
                    continue;
                }
                SectorBytes.Fill(Last.State[index], sector, bytes);
                builder.Write(sector * SectorBytes.Length, bytes);
            }
            // Where nothing was ever written a hole is copied at once.
            var at = (block + 1L) * BlockGeometry.BlockBytes;
            var next = _world.Space.Blocks.FirstOrDefault(other => other > block) * (long)BlockGeometry.BlockBytes;
            var end = Math.Min(next > 0 ? next : long.MaxValue, _storeSize);
            if (at < end && _world.Chance(0.5)) builder.Zero(at, end - at);
        }
        using var segment = builder.Seal(SegmentIdentity.NewFill(Volume.Lineage, 1, _epoch, _fillTip.Number + 1, _world), _fillTip.Digest, 0, _world.Now, _world.Now);
        _world.Fills[segment.BlobKey] = new StagedFill(_fillTip.Number + 1, segment.Reference, segment.Entries, sectors);
        if (Volume.IssueTicket(_epoch) is not { } ticketAt)
        {
            Detach();
            return;
        }
        var claim = new SegmentClaim(
            segment.BlobKey, segment.Header.Identity.Sequence, 0, 0, _fillTip.Digest, segment.Digest, segment.LengthBytes, segment.FrameBytes, _world.Now, []);
        var fill = new FillUpload(claim, ticketAt);
        _fills.Add(fill);
        _fillTip = (claim.Sequence, segment.Digest);
        _copied.UnionWith(blocks);
        _copyEnd = null;
        var (content, life) = (segment.Content.ToArray(), _life);
        _world.Send($"put of fill {claim.Sequence} by {Name}", () =>
        {
            if (_world.Now - ticketAt > TicketLife) return;
            Sync.Result(_world.Bucket.PutIfAbsentAsync(claim.BlobKey, content));
            if (life == _life) fill.IsStored = true;
        });
    }

    internal void CommitFills()
    {
        if (!IsAttached || Branch == 0) return;
        var ready = _fills.TakeWhile(fill => fill.IsStored).Take(_world.Random.Next(1, 33)).Select(fill => (fill.Claim, fill.TicketAt)).ToList();
        if (ready.Count == 0)
        {
            // A copy that never arrived is made again, and all after it.
            if (_fills.Count > 0) Detach();
            return;
        }
        var (epoch, life) = (_epoch, _life);
        _world.Send($"commit of fills of {Name} in epoch {epoch}", () => Volume.CommitFills(epoch, ready, (row, refusal) =>
            _world.Send($"answer to a commit of fills of {Name}", () =>
            {
                if (life != _life) return;
                if (refusal is null) _fills.RemoveAll(fill => fill.Claim.Sequence <= (row.Head.Staging?.Fills ?? row.Head.FillsEver));
                else if (refusal.Reason != HeadRefusalReason.TailFull) Detach();
            })));
    }

    /// <summary>Ends the copying with a barrier, and asks for the publication when all is committed, or sometimes before.</summary>
    internal void Publish()
    {
        if (!IsAttached || Branch == 0 || IsMissing) return;
        if (_copyEnd is null)
        {
            Barrier(StagingMark.Next(Branch, _world));
            _copyEnd = Last;
        }
        if ((_fills.Count > 0 || Committed.Point.End < _copyEnd.End) && !_world.Chance(0.2)) return;
        var declared = new StagingDeclaration(_epoch, _fillTip.Number, _fillTip.Digest, _copyEnd.SnapshotId);
        var life = _life;
        _world.Send($"publication of branch {Branch} of {Name}", () => Volume.PreparePublication(declared, () => _world.Send($"answer to the publication of {Name}", () =>
        {
            // How far its log is committed it hears from its own commits alone.
            if (life == _life) Branch = 0;
        })));
    }

    private IEnumerable<uint> Blocks() => _world.Space.Blocks.Where(block => block * (long)BlockGeometry.BlockBytes < _storeSize);

    private IEnumerable<uint> Missing() => Blocks().Where(block => !_copied.Contains(block));

    /// <summary>A new epoch copies all again: nobody knows what the last one copied before it died.</summary>
    private void BeginCopies(VolumeRow row)
    {
        _copied.Clear();
        if (row.Head.Staging is { } staging) (Branch, _fillTip) = (staging.FirstEpoch, (staging.Fills, staging.FillDigest));
    }

    private sealed class FillUpload(SegmentClaim claim, DateTimeOffset ticketAt)
    {
        public SegmentClaim Claim => claim;
        public DateTimeOffset TicketAt => ticketAt;
        public bool IsStored { get; set; }
    }
}
