using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.Silo.Pki;

/// <summary>Lets certificates be signed by a key that only its provider can use.</summary>
internal sealed class CaSignatureGenerator(ICaKeyProvider keys, string name, PublicKey publicKey) : X509SignatureGenerator
{
    // AlgorithmIdentifier of ecdsa-with-SHA256, which has no parameters.
    private static readonly byte[] _ecdsaWithSha256 = [0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];

    public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) => [.. _ecdsaWithSha256];

    public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) => keys.Sign(name, data);

    protected override PublicKey BuildPublicKey() => publicKey;
}
