namespace Tidegate.Cli.Commands;

/// <summary>What <c>audit export</c> wrote.</summary>
internal sealed record AuditExportView(string File, string AccountId, long Entries, long Checkpoints);
