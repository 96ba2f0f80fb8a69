namespace Tidegate.Client.Rest.Models;

/// <summary>One record of the append-only audit log (<c>GET /v1/audit</c>, <c>docs/formats/audit.md</c>).</summary>
/// <param name="Aggregate">Id of the resource that changed.</param>
/// <param name="Number">Counts up by one per aggregate, from 1.</param>
/// <param name="AccountId">Owner; empty for the service's own.</param>
/// <param name="Kind">Stable name of the event, for example <c>volume.created</c>.</param>
/// <param name="At">Service time.</param>
/// <param name="ActorId">Who caused it: an API key id, a gateway id, a user.</param>
/// <param name="Body">JSON text of what changed, exactly as it was hashed; no secrets.</param>
/// <param name="PreviousHash">Lower-case hexadecimal hash of the aggregate's record before; 64 zeros for the first.</param>
/// <param name="Hash">Lower-case hexadecimal SHA-256 over this record, which chains it to the one before.</param>
public sealed record AuditRecordView(
    string Aggregate,
    long Number,
    string AccountId,
    string Kind,
    DateTimeOffset At,
    string ActorId,
    string Body,
    string PreviousHash,
    string Hash);
