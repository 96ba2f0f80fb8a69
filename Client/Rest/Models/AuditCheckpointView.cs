namespace Tidegate.Client.Rest.Models;

/// <summary>A signed statement of an account's whole audit log up to a moment (<c>docs/formats/audit.md</c>, Checkpoints). All bytes are lower-case hexadecimal.</summary>
/// <param name="Number">Counts up by one per account, from 1.</param>
/// <param name="AccountId">The account; empty for the service's own log.</param>
/// <param name="At">Service time of the signature.</param>
/// <param name="Entries">How many entries the account's log has, from the first on.</param>
/// <param name="Head">The rolling hash over all of them.</param>
/// <param name="PreviousHash">Hash of the checkpoint before; 64 zeros for the first.</param>
/// <param name="KeyId">SHA-256 of the public key that the signature is checked with.</param>
/// <param name="Signature">ECDSA P-256 over <paramref name="Hash"/>, IEEE P1363.</param>
/// <param name="Hash">SHA-256 over this checkpoint but for its signature.</param>
public sealed record AuditCheckpointView(
    long Number, string AccountId, DateTimeOffset At, long Entries, string Head, string PreviousHash, string KeyId, string Signature, string Hash);
