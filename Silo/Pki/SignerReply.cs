namespace Tidegate.Silo.Pki;

/// <summary>What an external signer answers: one of the three.</summary>
/// <param name="PublicKey">SubjectPublicKeyInfo.</param>
/// <param name="Signature">ECDSA with SHA-256, DER.</param>
/// <param name="Error">Why not, for people.</param>
internal sealed record SignerReply(byte[]? PublicKey = null, byte[]? Signature = null, string? Error = null);
