namespace Tidegate.Silo.Audit;

/// <summary>
/// Where the key that signs the audit's checkpoints lives: beside the CA's, and as exchangeable. Nothing else ever sees it; a provider over a
/// hardware module or a key service takes the file's place without any other change.
/// </summary>
public interface IAuditSigningKey
{
    /// <summary>The public half, SubjectPublicKeyInfo; ECDSA P-256.</summary>
    byte[] PublicKey { get; }

    /// <summary>Signs a SHA-256 hash; IEEE P1363.</summary>
    byte[] SignHash(byte[] hash);
}
