namespace Tidegate.Client.Rest.Models;

/// <summary>The key that the audit log's checkpoints are signed with: <c>GET /v1/audit/key</c>. Keep it apart from the log that it proves.</summary>
/// <param name="KeyId">SHA-256 of the public key, lower-case hexadecimal.</param>
/// <param name="PublicKey">The public key, PEM.</param>
public sealed record AuditKeyView(string KeyId, string PublicKey);
