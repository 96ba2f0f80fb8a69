using Tidegate.BlockStore;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;
using Tidegate.GatewayAgent.Devices;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>
/// Fills a staging branch beside the drain of the log (<c>docs/protocols/volume-data.md</c>, Filling and publishing a branch): copies the whole
/// volume as hosts see it, block by block, ends with a barrier, and has the branch published. A process that dies copies again; what it
/// copied before does no harm, because nothing goes past the log meanwhile.
/// </summary>
internal sealed class BranchFill
{
    /// <summary>Bytes of data in one fill; a multiple of the block.</summary>
    private const int FillBytes = 8 << 20;
    private const int MaxExtents = 256;

    private readonly DrainContext _context;
    private readonly IBlockDevice _device;
    private readonly long _branch;
    private long _number;
    private SegmentDigest _digest;

    public BranchFill(DrainContext context, IBlockDevice device, StagingStanding standing)
    {
        (_context, _device, _branch) = (context, device, standing.Branch);
        (_number, _digest) = (standing.Fills, new SegmentDigest(standing.FillDigest));
    }

    /// <summary>Bytes of the volume that are copied and committed.</summary>
    public long CopiedBytes { get; private set; }

    /// <summary>Completes when the branch is the volume; fails when only another attach can help.</summary>
    public async Task RunAsync(Action nudge, CancellationToken cancellationToken)
    {
        while (CopiedBytes < _device.SizeBytes)
        {
            using var builder = new SegmentBuilder(_context.Session.Key, 0, _context.Session.DigestKey);
            var end = await CopyAsync(builder, CopiedBytes, cancellationToken);
            await CommitAsync(builder, cancellationToken);
            CopiedBytes = end;
        }
        // Whatever a copy may show of the log lies before this.
        var mark = StagingMark.Next(_branch, _context.Nonces);
        var position = await _context.Log.AppendBarrierAsync(mark, cancellationToken);
        nudge();
        var request = new StagingPublishRequest(_context.Session.Epoch, _branch, _number, _digest.ToArray(), mark);
        var delay = _context.Calls.NewDelay();
        while (_context.Log.Committed.LogEnd < position) await Task.Delay(delay.Next(), _context.Time, cancellationToken);
        await _context.Calls.UntilAnsweredAsync(stop => _context.Service.PublishStagingAsync(request, stop), cancellationToken);
    }

    /// <summary>Feeds a fill from an offset on; where it ends.</summary>
    private async Task<long> CopyAsync(SegmentBuilder builder, long offset, CancellationToken cancellationToken)
    {
        var buffer = new byte[BlockGeometry.BlockBytes];
        var size = _device.SizeBytes;
        while (offset < size && builder.DataBytes < FillBytes)
        {
            var extents = await _device.GetExtentsAsync(offset, size - offset, MaxExtents, cancellationToken);
            foreach (var extent in extents)
            {
                var end = Math.Min(offset + extent.LengthBytes, size);
                // What an extent cuts through is read: a sector is copied whole.
                var whole = end == size ? end : end / BlockGeometry.SectorBytes * BlockGeometry.SectorBytes;
                if (extent.IsHole && offset % BlockGeometry.SectorBytes == 0 && whole > offset)
                {
                    builder.Zero(offset, whole - offset);
                    offset = whole;
                    continue;
                }
                for (; offset < end && builder.DataBytes < FillBytes; offset += BlockGeometry.BlockBytes)
                {
                    var part = buffer.AsMemory(0, (int)Math.Min(BlockGeometry.BlockBytes, size - offset));
                    await _device.ReadAsync(offset, part, cancellationToken);
                    Feed(builder, offset, part.Span);
                }
                offset = Math.Min(offset, size);
                break;
            }
        }
        return offset;
    }

    private static void Feed(SegmentBuilder builder, long offset, ReadOnlySpan<byte> data)
    {
        for (var at = 0; at < data.Length; at += BlockGeometry.SectorBytes)
        {
            var sector = data.Slice(at, BlockGeometry.SectorBytes);
            if (sector.ContainsAnyExcept((byte)0)) builder.Write(offset + at, sector);
            else builder.Zero(offset + at, sector.Length);
        }
    }

    private async Task CommitAsync(SegmentBuilder builder, CancellationToken cancellationToken)
    {
        var session = _context.Session;
        var now = _context.Time.GetUtcNow();
        var identity = SegmentIdentity.NewFill(session.Owner, session.KeyGeneration, session.Epoch, _number + 1, _context.Nonces);
        using var segment = await _context.Workers.RunAsync(() => builder.Seal(identity, _digest, 0, now, now), cancellationToken);
        var delay = _context.Calls.NewDelay();
        while (true)
        {
            using var turn = await _context.Pace.BeginAsync(cancellationToken);
            var tickets = await _context.Calls.UntilAnsweredAsync(
                stop => _context.Service.GetWriteTicketsAsync(session.Epoch, [segment.BlobKey], stop), cancellationToken);
            var ticket = tickets.Single(one => one.BlobKey == segment.BlobKey);
            try
            {
                await _context.Blobs.By(turn).PutAsync(ticket, segment.Content, cancellationToken);
                var fill = new FillCommit(
                    _number + 1, segment.BlobKey, _digest.ToArray(), segment.Digest.ToArray(), segment.LengthBytes, segment.FrameBytes, ticket.Token);
                await _context.Calls.UntilAnsweredAsync(
                    stop => _context.Service.CommitFillsAsync(new FillCommitRequest(session.Epoch, [fill]), stop), cancellationToken);
                break;
            }
            catch (TidegateException error) when (error.IsTransient || error.Code == ErrorCodes.TicketRefused)
            {
                _context.Failed(error.Message);
                await Task.Delay(delay.Next(), _context.Time, cancellationToken);
            }
        }
        _context.CountStored(segment.LengthBytes);
        (_number, _digest) = (_number + 1, segment.Digest);
    }
}
