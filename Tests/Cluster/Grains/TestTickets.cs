using System.Collections.Concurrent;
using Tidegate.Grains.Blobs;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>Tickets that remember when they were issued.</summary>
internal sealed class TestTickets(TimeProvider clock) : ITicketIssuer
{
    private readonly ConcurrentDictionary<string, (string BlobKey, DateTimeOffset At)> _issued = new();

    public BlobTicket IssueWrite(string blobKey)
    {
        var token = Guid.NewGuid().ToString("N");
        _issued[token] = (blobKey, clock.GetUtcNow());
        return Ticket("PUT", blobKey, token);
    }

    public BlobTicket IssueRead(string blobKey) => Ticket("GET", blobKey, "");

    public DateTimeOffset? IssuedAt(string token, string blobKey) =>
        _issued.TryGetValue(token, out var issued) && issued.BlobKey == blobKey ? issued.At : null;

    private BlobTicket Ticket(string method, string blobKey, string token) =>
        new(blobKey, method, "https://blobs.invalid/" + blobKey, new Dictionary<string, string>(), clock.GetUtcNow().AddMinutes(1), token);
}
