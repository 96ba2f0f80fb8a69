namespace Tidegate.Silo.Pki;

/// <summary>What a silo asks of an external signer (<c>docs/protocols/ca-signer.md</c>).</summary>
/// <param name="Version">1.</param>
/// <param name="Operation"><c>public-key</c> or <c>sign</c>.</param>
/// <param name="Key">Name of the key.</param>
/// <param name="Data">What is to be signed; null for <c>public-key</c>.</param>
internal sealed record SignerRequest(int Version, string Operation, string Key, byte[]? Data = null);
