using Tidegate.BlockStore.Segments;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>
/// One segment on its way: decided, sealed, stored, waiting for its turn to commit. A retry sends the same bytes under the same
/// key; another upload of the same range draws a new nonce (<c>docs/protocols/volume-data.md</c>, Tickets).
/// </summary>
internal sealed class SegmentUpload : IAsyncDisposable
{
    private readonly DrainContext _context;
    private readonly CancellationTokenSource _stop;
    private SealedSegment? _sealed;
    private BlobTicket? _ticket;

    /// <summary>Starts at once. <paramref name="decided"/> completes when the decision is durable in the log.</summary>
    public SegmentUpload(DrainContext context, CutRange range, Task decided, CancellationToken cancellationToken)
    {
        (_context, Range) = (context, range);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Stored = Task.Run(() => RunAsync(decided), CancellationToken.None);
    }

    public CutRange Range { get; }

    /// <summary>Completes when the segment is durable at the service; fails when only another epoch can help.</summary>
    public Task Stored { get; private set; }

    /// <summary>Size of the blob once stored.</summary>
    public long LengthBytes => _sealed?.LengthBytes ?? 0;

    /// <summary>After the service refused the ticket as too old: a new ticket for the same bytes.</summary>
    public void Renew() => Stored = Task.Run(StoreAsync, CancellationToken.None);

    /// <summary>The segment as a commit names it; only once stored.</summary>
    public SegmentCommit ToCommit()
    {
        var segment = _sealed ?? throw new InvalidOperationException("The segment is not stored yet.");
        var decision = Range.Decision;
        return new SegmentCommit(
            decision.Sequence, segment.BlobKey, decision.First, decision.End, Range.Previous.ToArray(), decision.Digest,
            segment.LengthBytes, segment.FrameBytes, Range.HostTimeStart, Range.HostTimeEnd, Range.SnapshotIds, _ticket!.Token);
    }

    /// <summary>Stops, waits for what is under way, gives the memory back.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Stored.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Range.Builder.Dispose();
        _sealed?.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync(Task decided)
    {
        await decided;
        var session = _context.Session;
        _sealed = await _context.Workers.RunAsync(() =>
        {
            var identity = SegmentIdentity.NewData(session.Owner, session.KeyGeneration, session.Epoch, Range.Decision.Sequence, _context.Nonces);
            var segment = Range.Builder.Seal(identity, Range.Previous, Range.Decision.End, Range.HostTimeStart, Range.HostTimeEnd);
            // The plain sectors are not needed again: a new epoch reads them from the log.
            Range.Builder.Dispose();
            return segment;
        }, _stop.Token);
        await StoreAsync();
    }

    private async Task StoreAsync()
    {
        var segment = _sealed!;
        var delay = _context.Calls.NewDelay();
        while (true)
        {
            var tickets = await _context.Calls.UntilAnsweredAsync(
                stop => _context.Service.GetWriteTicketsAsync(_context.Session.Epoch, [segment.BlobKey], stop), _stop.Token);
            _ticket = tickets.Single(ticket => ticket.BlobKey == segment.BlobKey);
            try
            {
                await _context.Blobs.PutAsync(_ticket, segment.Content, _stop.Token);
                break;
            }
            catch (TidegateException error) when (error.IsTransient || error.Code == ErrorCodes.TicketRefused)
            {
                _context.Failed(error.Message);
                await Task.Delay(delay.Next(), _context.Time, _stop.Token);
            }
        }
        _context.CountStored(segment.LengthBytes);
    }
}
