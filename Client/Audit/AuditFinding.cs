namespace Tidegate.Client.Audit;

/// <summary>Something wrong with an audit log.</summary>
/// <param name="Kind">What.</param>
/// <param name="Where">The entry or checkpoint.</param>
/// <param name="Meaning">What it means, for people.</param>
public sealed record AuditFinding(AuditFindingKind Kind, string Where, string Meaning);
