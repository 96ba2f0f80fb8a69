namespace Tidegate.Client.Rest.Models;

/// <summary>
/// One line of an exported audit log: <c>{"entry":...}</c> or <c>{"checkpoint":...}</c>, and at the end of a file <c>{"end":...}</c>. Entries are
/// in the order of the account's log; each checkpoint stands behind the entries that it is the first to cover.
/// </summary>
/// <param name="Entry">An entry.</param>
/// <param name="Checkpoint">A checkpoint.</param>
/// <param name="End">The end of a file: a file without it was cut off.</param>
public sealed record AuditExportLine(AuditRecordView? Entry = null, AuditCheckpointView? Checkpoint = null, AuditExportEnd? End = null);
