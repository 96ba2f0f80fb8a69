using System.Collections.Concurrent;
using Tidegate.BlockStore.Blobs;
using Tidegate.GatewayAgent.Shadow;
using Tidegate.GatewayAgent.Uplink;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>
/// Reads blobs of one volume with read tickets (<c>docs/protocols/volume-data.md</c>, Tickets): asks for a ticket on first use, keeps it
/// for most of its life, and asks again when a store refuses it. At most <see cref="MaxTickets"/> are kept.
/// </summary>
internal sealed class TicketBlobSource(IVolumeService service, IBlobTransport blobs, TimeProvider time, ITransferPace? pace = null) : IBlobSource
{
    private const int MaxTickets = 4096;
    /// <summary>A minute short of what the service grants, whatever its clock says.</summary>
    private static readonly TimeSpan TicketLife = TimeSpan.FromMinutes(4);
    private readonly ITransferPace _pace = pace ?? Unpaced.Instance;
    private readonly ConcurrentDictionary<string, Held> _tickets = new();

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(string blobKey, long offset, int length, CancellationToken cancellationToken)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(length);
        return buffer.AsMemory(0, await ReadAsync(blobKey, offset, buffer.AsMemory(), cancellationToken));
    }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(string blobKey, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        for (var isRetry = false; ; isRetry = true)
        {
            using var turn = await _pace.BeginAsync(cancellationToken);
            var ticket = await TicketAsync(blobKey, cancellationToken);
            try
            {
                return await blobs.By(turn).GetRangeAsync(ticket, offset, buffer, cancellationToken);
            }
            catch (TidegateException error) when (error.Code == ErrorCodes.TicketRefused && !isRetry)
            {
                _tickets.TryRemove(blobKey, out _);
            }
            catch (TidegateException error) when (error.Code == ErrorCodes.NotFound)
            {
                throw new BlobNotFoundException(blobKey);
            }
        }
    }

    /// <summary>Takes tickets that were granted just now.</summary>
    public void Accept(IReadOnlyList<BlobTicket> granted)
    {
        var now = time.GetTimestamp();
        foreach (var ticket in granted)
            _tickets[ticket.BlobKey] = new Held(ticket, now);
    }

    private async Task<BlobTicket> TicketAsync(string blobKey, CancellationToken cancellationToken)
    {
        if (_tickets.TryGetValue(blobKey, out var held) && time.GetElapsedTime(held.GrantedAt) < TicketLife)
            return held.Ticket;
        var asked = time.GetTimestamp();
        var tickets = await service.GetReadTicketsAsync([blobKey], cancellationToken);
        if (_tickets.Count >= MaxTickets)
            _tickets.Clear();
        var ticket = tickets.Single(ticket => ticket.BlobKey == blobKey);
        _tickets[blobKey] = new Held(ticket, asked);
        return ticket;
    }

    private sealed record Held(BlobTicket Ticket, long GrantedAt);
}
