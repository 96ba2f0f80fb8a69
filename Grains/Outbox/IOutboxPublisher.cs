namespace Tidegate.Grains.Outbox;

/// <summary>Takes outbox entries to their readers: the audit log, the events and the SQL projection. Idempotent by (aggregate, number).</summary>
public interface IOutboxPublisher
{
    /// <summary>Returns once every reader has the entries durably; throws otherwise, and the entries are offered again.</summary>
    Task PublishAsync(IReadOnlyList<OutboxEntry> entries, CancellationToken cancellationToken);
}
