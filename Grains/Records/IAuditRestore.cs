using Tidegate.Grains.Outbox;

namespace Tidegate.Grains.Records;

/// <summary>Takes entries back into the audit log and the projection, in whatever order they come; again does no harm.</summary>
public interface IAuditRestore
{
    /// <summary>Restores entries. Gaps are left as they are: whoever verifies the chain sees them.</summary>
    Task RestoreAsync(IReadOnlyList<OutboxEntry> entries, CancellationToken cancellationToken);
}
