using Tidegate.Client.Audit;

namespace Tidegate.Cli.Commands;

/// <summary>What <c>audit verify</c> found.</summary>
/// <param name="AccountId">Whose log; empty for the service's own.</param>
/// <param name="Entries">Entries looked at.</param>
/// <param name="ProvenEntries">Those that a trusted checkpoint covers.</param>
/// <param name="Checkpoints">Checkpoints looked at.</param>
/// <param name="IsSound">True when nothing was found.</param>
/// <param name="Findings">What was found.</param>
internal sealed record AuditVerdictView(string AccountId, long Entries, long ProvenEntries, long Checkpoints, bool IsSound, IReadOnlyList<AuditFinding> Findings);
