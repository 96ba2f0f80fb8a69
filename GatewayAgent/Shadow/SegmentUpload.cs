using Tidegate.BlockStore.Segments;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>
/// One segment on its way: decided, sealed, stored, waiting for its turn to commit. A retry sends the same bytes under the same
/// key; another upload of the same range draws a new nonce (<c>docs/protocols/volume-data.md</c>, Tickets). Its bytes are held
/// until they are stored.
/// </summary>
internal sealed class SegmentUpload : IAsyncDisposable
{
    private readonly DrainContext _context;
    private readonly CancellationTokenSource _stop;
    private SegmentBuilder? _builder;
    private SealedSegment? _sealed;
    private SegmentIdentity? _identity;
    private SegmentCommit? _commit;

    /// <summary>Starts at once. <paramref name="decided"/> completes when the decision is durable in the log.</summary>
    public SegmentUpload(DrainContext context, CutRange range, Task decided, CancellationToken cancellationToken)
    {
        (_context, Range, _builder, CutAt) = (context, range, range.Builder, context.Time.GetTimestamp());
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Stored = StarterScheduler.RunAsync(() => RunAsync(decided));
    }

    public CutRange Range { get; }

    /// <summary>Timestamp of the cut.</summary>
    public long CutAt { get; }

    /// <summary>Completes when the segment is durable at the service; fails when only another epoch can help.</summary>
    public Task Stored { get; }

    /// <summary>
    /// After the service refused the ticket as too old: a new ticket for the same bytes, which are made again from the log. Only once stored.
    /// </summary>
    public async Task RenewAsync()
    {
        var digest = ToCommit().Digest;
        _sealed = await _context.Workers.RunAsync(() =>
        {
            using var builder = new SegmentBuilder(_context.Session.Key, Range.Decision.First, _context.Session.DigestKey);
            foreach (var record in _context.Log.Read(Range.Decision.First, Range.Decision.End))
                SegmentCutter.Feed(builder, record);
            // The nonce may be used again for the bytes that it was drawn for and for nothing else.
            return builder.ComputeDigest(Range.Previous, Range.Decision.Sequence, Range.Decision.End).Bytes.SequenceEqual(digest)
                ? Seal(builder)
                : throw new LogCorruptException(
                    _context.Service.VolumeId, $"the records in [{Range.Decision.First}, {Range.Decision.End}) are not those that segment {Range.Decision.Sequence} was sealed from");
        }, _stop.Token);
        await StoreAsync(_sealed);
    }

    /// <summary>The segment as a commit names it; only once stored.</summary>
    public SegmentCommit ToCommit() => _commit ?? throw new InvalidOperationException("The segment is not stored yet.");

    /// <summary>Stops, waits for what is under way, gives the memory back.</summary>
    public async ValueTask DisposeAsync()
    {
        await StarterScheduler.CancelAsync(_stop);
        await Stored.ConfigureAwait(StarterScheduler.SuppressThrowing);
        _builder?.Dispose();
        _sealed?.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync(Task decided)
    {
        await decided;
        var session = _context.Session;
        _identity = SegmentIdentity.NewData(session.Owner, session.KeyGeneration, session.Epoch, Range.Decision.Sequence, _context.Nonces);
        _sealed = await _context.Workers.RunAsync(() => Seal(_builder!), _stop.Token);
        // The plain sectors are not needed again: whoever wants them reads them from the log.
        _builder!.Dispose();
        _builder = null;
        await StoreAsync(_sealed);
    }

    private SealedSegment Seal(SegmentBuilder builder) =>
        builder.Seal(_identity!, Range.Previous, Range.Decision.End, Range.HostTimeStart, Range.HostTimeEnd);

    private async Task StoreAsync(SealedSegment segment)
    {
        var ticket = await PutAsync(segment);
        var decision = Range.Decision;
        _commit = new SegmentCommit(
            decision.Sequence, segment.BlobKey, decision.First, decision.End, Range.Previous.ToArray(), decision.Digest,
            segment.LengthBytes, segment.FrameBytes, Range.HostTimeStart, Range.HostTimeEnd, Range.SnapshotIds, ticket.Token);
        segment.Dispose();
        _sealed = null;
    }

    private async Task<BlobTicket> PutAsync(SealedSegment segment)
    {
        var delay = _context.Calls.NewDelay();
        while (true)
        {
            using var turn = await _context.Pace.BeginAsync(_stop.Token);
            var tickets = await _context.Calls.UntilAnsweredAsync(
                stop => _context.Service.GetWriteTicketsAsync(_context.Session.Epoch, [segment.BlobKey], stop), _stop.Token);
            var ticket = tickets.Single(ticket => ticket.BlobKey == segment.BlobKey);
            try
            {
                await _context.Blobs.By(turn).PutAsync(ticket, segment.Content, _stop.Token);
                _context.CountStored(segment.LengthBytes);
                return ticket;
            }
            catch (TidegateException error) when (error.IsTransient || error.Code == ErrorCodes.TicketRefused)
            {
                _context.Failed(error.Message);
                await Task.Delay(delay.Next(), _context.Time, _stop.Token);
            }
        }
    }
}
