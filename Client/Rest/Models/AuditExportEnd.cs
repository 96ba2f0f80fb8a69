namespace Tidegate.Client.Rest.Models;

/// <summary>The last line of an exported audit log.</summary>
/// <param name="AccountId">Whose log it is; empty for the service's own.</param>
/// <param name="Entries">Entries in the file.</param>
/// <param name="Checkpoints">Checkpoints in the file.</param>
public sealed record AuditExportEnd(string AccountId, long Entries, long Checkpoints);
