using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tidegate.GatewayAgent.Activation;
using Tidegate.GatewayAgent.Disks;

namespace Tidegate.GatewayAgent.Identity;

/// <summary>
/// The agent's identity on disk: private key, certificate, customer information, and how far an activation has come. Every
/// file is replaced atomically and durably; a damaged one is an <see cref="IdentityException"/> and is never overwritten.
/// </summary>
/// <remarks>
/// Files: <c>key.pem</c> (PKCS#8, mode 0600), <c>certificate.pem</c>, <c>ca.pem</c>, <c>customer.json</c>, <c>activation.json</c>; after a renewal
/// <c>credential.pem</c> in place of the first two (<c>docs/formats/agent-state.md</c>). The agent is activated when a certificate is there; it is the last
/// file that an activation writes.
/// </remarks>
internal sealed partial class IdentityStore(IDisk disk)
{
    public const string KeyFile = "key.pem";
    public const string CertificateFile = "certificate.pem";
    public const string AuthorityFile = "ca.pem";
    public const string CustomerFile = "customer.json";
    public const string ActivationFile = "activation.json";

    /// <summary>Opens <c>identity/</c> under the state directory, checking the key's mode first.</summary>
    public static IdentityStore Open(string directory)
    {
        foreach (var file in new[] { KeyFile, CredentialFile, RenewedFile, RenewalKeyFile }) KeyFileMode.Check(Path.Combine(directory, file));
        return new IdentityStore(new LinuxDisk(directory));
    }

    public bool IsActivated => disk.Exists(CertificateFile) || disk.Exists(CredentialFile);

    /// <summary>The private key (ECDSA P-256), made and stored on first use.</summary>
    public ECDsa LoadOrCreateKey()
    {
        var stored = Read(KeyFile);
        if (stored is not null) return ParseKey(KeyFile, stored);
        if (IsActivated) throw Damaged(KeyFile, "it is missing although a certificate for it is there", null);
        return MakeKey(KeyFile);
    }

    private ECDsa MakeKey(string file)
    {
        var fresh = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        AtomicFile.Replace(disk, file, Encoding.ASCII.GetBytes(fresh.ExportPkcs8PrivateKeyPem() + "\n"));
        return fresh;
    }

    private static ECDsa ParseKey(string file, byte[] stored)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(Encoding.ASCII.GetString(stored));
            if (key.KeySize != 256) throw new CryptographicException($"it is a {key.KeySize}-bit key; expected P-256");
            return key;
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw Damaged(file, error.Message, error);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(stored);
        }
    }

    public ActivationProgress? LoadActivation() => ReadJson(ActivationFile, IdentityJson.Default.ActivationProgress);

    public void SaveActivation(ActivationProgress progress) => WriteJson(ActivationFile, progress, IdentityJson.Default.ActivationProgress);

    public void SaveCustomer(CustomerInformation customer) => WriteJson(CustomerFile, customer, IdentityJson.Default.CustomerInformation);

    public CustomerInformation? LoadCustomer() => ReadJson(CustomerFile, IdentityJson.Default.CustomerInformation);

    /// <summary>
    /// Step 10's end: stores the credential, after checking that it is for this key, and forgets the activation. The
    /// certificate comes last: before it is there the activation resumes, afterwards it is over.
    /// </summary>
    public void SaveCredential(string certificatePem, string authorityPem)
    {
        using (var key = LoadOrCreateKey())
        using (var certificate = ParseCertificate(CertificateFile, certificatePem, key))
        {
            var authorities = ParseAuthorities(authorityPem);
            foreach (var authority in authorities) authority.Dispose();
        }
        AtomicFile.Replace(disk, AuthorityFile, Encoding.ASCII.GetBytes(authorityPem));
        AtomicFile.Replace(disk, CertificateFile, Encoding.ASCII.GetBytes(certificatePem));
        AtomicFile.Remove(disk, ActivationFile);
    }

    /// <summary>The credential of an activated agent, or null before activation. Finishes a clean-up that a crash cut short.</summary>
    public GatewayCredential? LoadCredential()
    {
        var credential = ReadCredential();
        if (credential is null) return null;
        AtomicFile.Remove(disk, ActivationFile);
        FinishRenewal();
        return credential;
    }

    /// <summary>The same, and changes nothing.</summary>
    public GatewayCredential? ReadCredential()
    {
        // A renewal that has come into use took the place of what activation brought.
        if (disk.Exists(CredentialFile)) return ReadWhole(CredentialFile);
        var certificatePem = Read(CertificateFile);
        if (certificatePem is null) return null;
        // The order in which a reader wants to hear of what is missing.
        var (customer, authorityPem) = ReadOwner();
        using var key = LoadOrCreateKey();
        return new GatewayCredential(customer, ParseCertificate(CertificateFile, Encoding.ASCII.GetString(certificatePem), key), ParseAuthorities(authorityPem));
    }

    private (CustomerInformation Customer, string AuthorityPem) ReadOwner() => (
        LoadCustomer() ?? throw Damaged(CustomerFile, "it is missing although the agent is activated", null),
        Encoding.ASCII.GetString(Read(AuthorityFile) ?? throw Damaged(AuthorityFile, "it is missing although the agent is activated", null)));

    private static X509Certificate2 ParseCertificate(string file, string pem, ECDsa key)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(pem);
            return certificate.CopyWithPrivateKey(key);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException or InvalidOperationException)
        {
            throw Damaged(file, $"it does not fit the private key or is no certificate: {error.Message}", error);
        }
    }

    /// <summary>The CAs of a PEM text; throws unless there is at least one and all are CAs.</summary>
    public static X509Certificate2Collection ParseAuthorities(string pem)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPem(pem);
        }
        catch (CryptographicException error)
        {
            throw Damaged(AuthorityFile, error.Message, error);
        }
        if (authorities.Count == 0) throw Damaged(AuthorityFile, "it holds no certificate", null);
        return authorities;
    }

    private T? ReadJson<T>(string name, JsonTypeInfo<T> type) where T : class
    {
        var content = Read(name);
        if (content is null) return null;
        try
        {
            return JsonSerializer.Deserialize(content, type) ?? throw new JsonException("it is empty");
        }
        catch (JsonException error)
        {
            throw Damaged(name, error.Message, error);
        }
    }

    private void WriteJson<T>(string name, T value, JsonTypeInfo<T> type) => AtomicFile.Replace(disk, name, JsonSerializer.SerializeToUtf8Bytes(value, type));

    private byte[]? Read(string name)
    {
        try
        {
            return AtomicFile.Read(disk, name);
        }
        catch (Exception error) when (error is InvalidDataException or DiskFaultException)
        {
            throw Damaged(name, error.Message, error);
        }
    }

    private static IdentityException Damaged(string name, string why, Exception? inner) => new(
        $"The identity file '{name}' cannot be used: {why}.",
        name == ActivationFile ? $"Move '{name}' away and start again; the activation begins anew."
            : name is RenewedFile or RenewalKeyFile ? $"Move '{name}' away and start again; the credential in use is another file, and is renewed anew."
            : "Restore it from a backup, or move the identity/ folder away and activate again; the volumes' folder is not touched by that.",
        inner);
}
