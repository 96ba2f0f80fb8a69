using System.Security.Cryptography;
using System.Text;

namespace Tidegate.Silo.Pki;

/// <summary>Keys in files of the state directory: PKCS#8, mode 0600. A key's name is its file's.</summary>
public sealed class FileCaKeyProvider(string directory) : ICaKeyProvider
{
    /// <inheritdoc/>
    public byte[] GetPublicKey(string name)
    {
        using var key = Load(name);
        return key.ExportSubjectPublicKeyInfo();
    }

    /// <inheritdoc/>
    public byte[] Sign(string name, byte[] data)
    {
        using var key = Load(name);
        return key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
    }

    /// <inheritdoc/>
    public void Create(string name) => SecretFile.ReadOrCreate(Path.Combine(directory, name), MakeKey);

    private ECDsa Load(string name)
    {
        var path = Path.Combine(directory, name);
        if (!File.Exists(path)) throw new CaException($"The CA's key '{path}' is missing. Restore it from the backup of the state directory: the certificate beside it is worth nothing without it.");
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(Encoding.ASCII.GetString(SecretFile.Read(path)));
            return key;
        }
        catch (Exception damaged) when (damaged is CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw new CaException($"The CA's key '{path}' cannot be read: {damaged.Message} Restore it from the backup of the state directory.", damaged);
        }
    }

    private static byte[] MakeKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n");
    }
}
