using Tidegate.BlockStore;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>
/// Fills a staging branch beside the drain of the log (<c>docs/protocols/volume-data.md</c>, Filling and publishing a branch): copies the dirty
/// blocks as hosts see them, ends with a barrier, and has the branch published. What the log changes meanwhile is in the branch by its segments, so one
/// pass is enough; another process, or another epoch, goes on where the map says that the last one was.
/// </summary>
internal sealed class BranchFill
{
    private const int MaxExtents = 256;
    private const int BlockBytes = BlockGeometry.BlockBytes;

    private readonly DrainContext _context;
    private readonly LoggedVolume _device;
    private readonly long _branch;
    private readonly long _startedAt;
    private readonly long _leftAtStart;
    private long _next;
    private long _number;
    private SegmentDigest _digest;

    public BranchFill(DrainContext context, LoggedVolume device, StagingStanding standing)
    {
        (_context, _device, _branch) = (context, device, standing.Branch);
        (_number, _digest) = (standing.Fills, new SegmentDigest(standing.FillDigest));
        // Fills that the service does not know of any more are no copies.
        if (device.Dirty.Copied is var copied && copied.Branch == _branch && copied.Fills <= standing.Fills)
            _next = copied.EndBlock;
        (_startedAt, _leftAtStart) = (context.Time.GetTimestamp(), device.Dirty.CountFrom(_next));
    }

    /// <summary>How far it is.</summary>
    public CopyProgress Progress
    {
        get
        {
            var left = _device.Dirty.CountFrom(Volatile.Read(ref _next));
            var done = _leftAtStart - left;
            var remaining = done > 0 ? _context.Time.GetElapsedTime(_startedAt) * ((double)left / done) : (TimeSpan?)null;
            return new CopyProgress((_device.Dirty.DirtyBlocks - left) * BlockBytes, left * BlockBytes, remaining);
        }
    }

    /// <summary>Completes when the branch is the volume; fails when only another attach can help.</summary>
    public async Task RunAsync(Action nudge, CancellationToken cancellationToken)
    {
        for (var full = _context.Calls.NewDelay(); _device.Dirty.NextDirty(_next) is var block and >= 0;)
        {
            using (await _context.Fills.TakeAsync(cancellationToken))
            {
                using var builder = new SegmentBuilder(_context.Session.Key, 0, _context.Session.DigestKey);
                var end = await CopyAsync(builder, block, cancellationToken);
                if (end > block)
                {
                    await CommitAsync(builder, cancellationToken);
                    Volatile.Write(ref _next, end);
                    // What the copies show of the log must outlive this process as they do.
                    await _context.Log.SyncAsync();
                    await _device.OnDirtyAsync(() => _device.Dirty.NoteCopied(new CopiedPart(_branch, _number, end)));
                    full.Reset();
                    continue;
                }
            }
            // A block that is absent needs room to be fetched. To begin the epoch anew would find the disk as full, and what is copied already is not lost meanwhile.
            await Task.Delay(full.Next(), _context.Time, cancellationToken);
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

    /// <summary>Feeds a fill with dirty blocks from one on; the block that it has not reached.</summary>
    private async Task<long> CopyAsync(SegmentBuilder builder, long block, CancellationToken cancellationToken)
    {
        var size = _device.SizeBytes;
        while (block >= 0 && builder.DataBytes < _context.Options.FillBytes)
        {
            var end = _device.Dirty.RunEnd(block);
            var copied = await CopyRunAsync(builder, block * BlockBytes, Math.Min(end * BlockBytes, size), cancellationToken);
            if (copied < Math.Min(end * BlockBytes, size))
                return copied / BlockBytes;
            block = _device.Dirty.NextDirty(end);
            if (block < 0)
                return end;
        }
        return block;
    }

    /// <summary>Feeds a range of the volume; where it ended, at a block's start unless it reached the end: early when the fill or the disk is full.</summary>
    private async Task<long> CopyRunAsync(SegmentBuilder builder, long offset, long runEnd, CancellationToken cancellationToken)
    {
        var buffer = new byte[BlockBytes];
        while (offset < runEnd && builder.DataBytes < _context.Options.FillBytes)
        {
            var extents = await _device.GetExtentsAsync(offset, runEnd - offset, MaxExtents, cancellationToken);
            foreach (var extent in extents)
            {
                var end = Math.Min(offset + extent.LengthBytes, runEnd);
                // Blocks are copied whole: what a hole only touches is read.
                var whole = end == runEnd ? end : end / BlockBytes * BlockBytes;
                if (extent.IsHole && whole > offset)
                {
                    builder.Zero(offset, whole - offset);
                    offset = whole;
                    continue;
                }
                for (; offset < end && builder.DataBytes < _context.Options.FillBytes; offset += BlockBytes)
                {
                    var part = buffer.AsMemory(0, (int)Math.Min(BlockBytes, runEnd - offset));
                    if (!await TryReadAsync(offset, part, cancellationToken))
                        return offset;
                    Feed(builder, offset, part.Span);
                }
                offset = Math.Min(offset, runEnd);
                break;
            }
        }
        return offset;
    }

    private async Task<bool> TryReadAsync(long offset, Memory<byte> part, CancellationToken cancellationToken)
    {
        try
        {
            await _device.ReadAsync(offset, part, cancellationToken);
            return true;
        }
        catch (BlockDeviceException full) when (full.InnerException is DiskFaultException fault && DeviceFaults.IsNoSpace(fault))
        {
            _context.Failed(full.Message);
            return false;
        }
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
