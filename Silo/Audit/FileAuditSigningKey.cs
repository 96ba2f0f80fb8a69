using System.Security.Cryptography;
using System.Text;
using Tidegate.Silo.Pki;

namespace Tidegate.Silo.Audit;

/// <summary>
/// The signing key in the state directory: <c>audit-key.pem</c> (PKCS#8, mode 0600), made on first start, and its public half in
/// <c>audit-public.pem</c>, which belongs into other hands than the log.
/// </summary>
public sealed class FileAuditSigningKey : IAuditSigningKey, IDisposable
{
    private const string KeyFile = "audit-key.pem";

    private readonly ECDsa _key = ECDsa.Create();

    /// <summary>Loads the key of <paramref name="directory"/>, or makes it. Throws <see cref="InvalidOperationException"/> when others may read it.</summary>
    public FileAuditSigningKey(string directory)
    {
        _key.ImportFromPem(Encoding.ASCII.GetString(SecretFile.ReadOrCreate(Path.Combine(directory, KeyFile), MakeKey)));
        PublicKey = _key.ExportSubjectPublicKeyInfo();
        var file = Path.Combine(directory, PublicFile);
        var pem = _key.ExportSubjectPublicKeyInfoPem() + "\n";
        if (!File.Exists(file) || File.ReadAllText(file) != pem) File.WriteAllText(file, pem);
    }

    /// <summary>Name of the file with the public half.</summary>
    public const string PublicFile = "audit-public.pem";

    /// <inheritdoc/>
    public byte[] PublicKey { get; }

    /// <inheritdoc/>
    public byte[] SignHash(byte[] hash) => _key.SignHash(hash);

    /// <summary>Frees the key.</summary>
    public void Dispose() => _key.Dispose();

    private static byte[] MakeKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n");
    }
}
