using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Tidegate.Silo.Pki;

/// <summary>
/// The private CA in a directory: <c>ca-key.pem</c> (PKCS#8, mode 0600) and <c>ca.pem</c>, the certificate that agents and
/// API clients pin. Both are made on first start: ECDSA P-256, valid for twenty years.
/// </summary>
public sealed class FileCaKeyProvider : ICaKeyProvider, IDisposable
{
    private const int SerialBytes = 16;
    private const int LifetimeYears = 20;
    private readonly string _directory;
    private readonly ECDsa _key;

    /// <summary>Loads the CA of <paramref name="directory"/>, or makes it.</summary>
    /// <exception cref="InvalidOperationException">Key and certificate do not belong together, or the key is readable by others.</exception>
    public FileCaKeyProvider(string directory, TimeProvider time)
    {
        _directory = directory;
        Directory.CreateDirectory(directory);
        _key = ECDsa.Create();
        _key.ImportFromPem(Encoding.ASCII.GetString(SecretFile.ReadOrCreate(Path.Combine(directory, "ca-key.pem"), MakeKey)));
        CertificateFile = Path.Combine(directory, "ca.pem");
        Certificate = LoadOrCreateCertificate(CertificateFile, time);
        using var certified = Certificate.GetECDsaPublicKey();
        if (certified is null || !certified.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(_key.ExportSubjectPublicKeyInfo()))
        {
            throw new InvalidOperationException(
                $"'{CertificateFile}' does not certify the key beside it. Restore both files from the same backup; agents trust this certificate alone.");
        }
    }

    /// <inheritdoc/>
    public X509Certificate2 Certificate { get; }

    /// <inheritdoc/>
    public HashAlgorithmName Algorithm => HashAlgorithmName.SHA256;

    /// <summary>Path of <c>ca.pem</c>.</summary>
    public string CertificateFile { get; }

    /// <inheritdoc/>
    public X509Certificate2 Sign(CertificateRequest request, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        ArgumentNullException.ThrowIfNull(request);
        var serial = RandomNumberGenerator.GetBytes(SerialBytes);
        serial[0] &= 0x7f;
        return request.Create(Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(_key), notBefore, notAfter, serial);
    }

    /// <inheritdoc/>
    public byte[] GetSecret(string name, int lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lengthBytes, 16);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthBytes, 64);
        var path = Path.Combine(_directory, name + ".key");
        var secret = SecretFile.ReadOrCreate(path, () => RandomNumberGenerator.GetBytes(lengthBytes));
        return secret.Length == lengthBytes
            ? secret
            : throw new InvalidOperationException($"The secret file '{path}' holds {secret.Length} bytes instead of {lengthBytes}. Restore it from a backup, or delete it to have a new one made.");
    }

    /// <summary>Frees the key and the certificate.</summary>
    public void Dispose()
    {
        _key.Dispose();
        Certificate.Dispose();
    }

    private static byte[] MakeKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    private X509Certificate2 LoadOrCreateCertificate(string path, TimeProvider time)
    {
        if (!File.Exists(path))
        {
            using var made = SelfSign(time.GetUtcNow());
            var temporary = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";
            File.WriteAllText(temporary, made.ExportCertificatePem() + "\n");
            try
            {
                File.Move(temporary, path, overwrite: false);
            }
            catch (IOException) when (File.Exists(path))
            {
                File.Delete(temporary);
            }
        }
        return X509CertificateLoader.LoadCertificateFromFile(path);
    }

    private X509Certificate2 SelfSign(DateTimeOffset now)
    {
        // The random part tells two services' CAs apart where both names stand in one list.
        var request = new CertificateRequest(
            $"CN=Tidegate CA {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}", _key, Algorithm);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request.CreateSelfSigned(now.AddHours(-1), now.AddYears(LifetimeYears));
    }
}
