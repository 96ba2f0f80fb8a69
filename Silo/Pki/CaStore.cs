using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.Silo.Pki;

/// <summary>
/// The service's private CAs in its state directory (M3.5; <c>docs/protocols/link.md</c>, CA rollover): <c>ca.json</c> says which there are, <c>ca.pem</c> holds their certificates for
/// people and clients, keys are their provider's. Thread-safe. What another process changes is found by <see cref="Reload"/>.
/// </summary>
public sealed class CaStore : IDisposable
{
    /// <summary>The CAs, in the state directory.</summary>
    public const string ManifestFile = "ca.json";
    /// <summary>Their certificates, the current one first.</summary>
    public const string CertificateFile = "ca.pem";
    /// <summary>Key of the first CA, unless a signer has it.</summary>
    public const string FirstKey = "ca-key.pem";

    private const int SerialBytes = 16;
    private const int LifetimeYears = 20;
    private readonly string _directory;
    private readonly ICaKeyProvider _keys;
    private readonly TimeProvider _time;
    private volatile Loaded _loaded;

    private CaStore(string directory, ICaKeyProvider keys, TimeProvider time, CaManifest manifest)
    {
        (_directory, _keys, _time) = (directory, keys, time);
        _loaded = new Loaded(manifest);
    }

    /// <summary>Loads the CAs of the directory; makes the first one where there is none and none of its files.</summary>
    /// <param name="directory">The state directory.</param>
    /// <param name="time">Clock.</param>
    /// <param name="keys">Where keys are used; null for files in the directory.</param>
    /// <param name="firstKey">Name of the first CA's key.</param>
    /// <param name="mayMake">Asked before the first CA is made; throws when there was one already.</param>
    /// <exception cref="CaException">A file is missing or damaged, or key and certificate do not belong together.</exception>
    public static CaStore Open(string directory, TimeProvider time, ICaKeyProvider? keys = null, string firstKey = FirstKey, Action? mayMake = null)
    {
        Directory.CreateDirectory(directory);
        keys ??= new FileCaKeyProvider(directory);
        using var turn = Lock(directory);
        var store = new CaStore(directory, keys, time, Read(directory) ?? Adopt(directory, keys, firstKey, time) ?? Make(directory, keys, firstKey, time, mayMake));
        store.Check(store._loaded);
        File.WriteAllText(Path.Combine(directory, CertificateFile), store.Manifest.TrustedPem);
        return store;
    }

    /// <summary>The CAs as they were last read.</summary>
    public CaManifest Manifest => _loaded.Manifest;

    /// <summary>The certificate of the current CA.</summary>
    public X509Certificate2 Certificate => _loaded.Current;

    /// <summary>A collection of its own with the certificates of all CAs.</summary>
    public X509Certificate2Collection Roots => [.. _loaded.All];

    /// <summary>Signs as the current CA. Serial number: 128 random bits, the first of which is zero.</summary>
    /// <exception cref="CaException">The key cannot be used now.</exception>
    public X509Certificate2 Sign(CertificateRequest request, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        ArgumentNullException.ThrowIfNull(request);
        var loaded = _loaded;
        return request.Create(loaded.Current.SubjectName, new CaSignatureGenerator(_keys, loaded.Manifest.Current.Key, loaded.Current.PublicKey), notBefore, notAfter, Serial());
    }

    /// <summary>Thumbprint of the CA that has signed a certificate, which it did a moment ago.</summary>
    internal string ThumbprintOfIssuer(X509Certificate2 certificate) =>
        _loaded.All.Where(one => one.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData))
            .Select(static one => Convert.ToHexStringLower(one.GetCertHash(HashAlgorithmName.SHA256))).FirstOrDefault("");

    /// <summary>
    /// A secret that is made once and kept in the state directory, the same for every silo that shares it: <paramref name="lengthBytes"/> bytes (16 to 64)
    /// under <paramref name="name"/>.
    /// </summary>
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

    /// <summary>Reads what another process has changed; true when there was something.</summary>
    public bool Reload()
    {
        var manifest = Read(_directory) ?? throw new CaException($"'{Path.Combine(_directory, ManifestFile)}' is missing. Restore it from the backup of the state directory.");
        if (manifest.ToJson() == Manifest.ToJson()) return false;
        Take(manifest);
        return true;
    }

    /// <summary>Makes the next CA, which is trusted from now on and issues nothing. <paramref name="key"/>: name of its key; null for a new file.</summary>
    public CaEntry Stage(string? key = null) => Change(manifest =>
    {
        if (manifest.Next is { } next) throw new CaException($"CA {next.Thumbprint} is staged already. Activate it, or retire it first.");
        if (manifest.Authorities.Count == CaManifest.MaxAuthorities) throw new CaException($"There are {CaManifest.MaxAuthorities} CAs. Retire a former one first.");
        key ??= $"ca-key-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}.pem";
        _keys.Create(key);
        return manifest with { Authorities = [.. manifest.Authorities, SelfSign(_keys, key, CaStage.Next, _time)] };
    }).Next!;

    /// <summary>Has the next CA issue from now on; the current one becomes a former one, and stays trusted.</summary>
    public CaEntry Activate() => Change(manifest =>
    {
        if (manifest.Next is null) throw new CaException("No CA is staged. Stage one, and activate it when every agent trusts it.");
        return manifest with
        {
            Authorities = [.. manifest.Authorities.Select(one => one.Stage switch
            {
                CaStage.Next => one with { Stage = CaStage.Current, Since = _time.GetUtcNow() },
                CaStage.Current => one with { Stage = CaStage.Former, Since = _time.GetUtcNow() },
                _ => one,
            })],
        };
    }).Current;

    /// <summary>Has a former or staged CA trusted no more. The caller has seen to it that nobody needs it.</summary>
    public void Retire(string thumbprint) => Change(manifest =>
    {
        var retired = Find(manifest, thumbprint);
        if (retired.Stage == CaStage.Current) throw new CaException($"CA {retired.Thumbprint} is the current one. Stage and activate another one first.");
        return manifest with { Authorities = [.. manifest.Authorities.Where(one => one != retired)] };
    });

    /// <summary>The CA whose thumbprint begins so; throws unless there is exactly one.</summary>
    public static CaEntry Find(CaManifest manifest, string thumbprint)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var found = manifest.Authorities.Where(one => thumbprint.Length > 0 && one.Thumbprint.StartsWith(thumbprint, StringComparison.OrdinalIgnoreCase)).ToArray();
        return found.Length == 1 ? found[0] : throw new CaException($"'{thumbprint}' names {(found.Length == 0 ? "none" : "more than one")} of the CAs. See 'ca list'.");
    }

    /// <inheritdoc/>
    public void Dispose() => _loaded.Dispose();

    private CaManifest Change(Func<CaManifest, CaManifest> change)
    {
        using var turn = Lock(_directory);
        Reload();
        var next = change(Manifest);
        Write(_directory, ManifestFile, next.ToJson());
        Write(_directory, CertificateFile, next.TrustedPem);
        Take(next);
        return next;
    }

    // Certificates of what was before are still in use by handshakes under way; there are few, and they are the collector's.
    private void Take(CaManifest manifest)
    {
        var loaded = new Loaded(manifest);
        Check(loaded);
        _loaded = loaded;
    }

    private void Check(Loaded loaded)
    {
        if (!_keys.GetPublicKey(loaded.Manifest.Current.Key).AsSpan().SequenceEqual(loaded.Current.PublicKey.ExportSubjectPublicKeyInfo()))
        {
            throw new CaException(
                $"The key '{loaded.Manifest.Current.Key}' is not that of the current CA, {loaded.Manifest.Current.Thumbprint}. Restore both from the same backup; agents trust this certificate alone.");
        }
    }

    private static CaManifest? Read(string directory)
    {
        var path = Path.Combine(directory, ManifestFile);
        return File.Exists(path) ? CaManifest.Parse(path, File.ReadAllText(path)) : null;
    }

    /// <summary>A directory from before there was a manifest, or one of whose files some are gone.</summary>
    private static CaManifest? Adopt(string directory, ICaKeyProvider keys, string key, TimeProvider time)
    {
        var certificateFile = Path.Combine(directory, CertificateFile);
        var hasKeyFile = keys is FileCaKeyProvider && File.Exists(Path.Combine(directory, key));
        if (!File.Exists(certificateFile))
        {
            return hasKeyFile
                ? throw new CaException(
                    $"'{Path.Combine(directory, key)}' is there and the certificate that belongs to it is not. Restore '{certificateFile}' from the backup: a new one would be trusted by no agent. " +
                    "If this service has never run, delete the key and start again.")
                : null;
        }

        using var certificate = X509CertificateLoader.LoadCertificateFromFile(certificateFile);
        var manifest = new CaManifest([new CaEntry(CaStage.Current, certificate.ExportCertificatePem(), key, time.GetUtcNow())]);
        if (!keys.GetPublicKey(key).AsSpan().SequenceEqual(certificate.PublicKey.ExportSubjectPublicKeyInfo()))
            throw new CaException($"'{certificateFile}' does not certify the key '{key}'. Restore both from the same backup; agents trust this certificate alone.");
        Write(directory, ManifestFile, manifest.ToJson());
        return manifest;
    }

    private static CaManifest Make(string directory, ICaKeyProvider keys, string key, TimeProvider time, Action? mayMake)
    {
        mayMake?.Invoke();
        keys.Create(key);
        var manifest = new CaManifest([SelfSign(keys, key, CaStage.Current, time)]);
        Write(directory, ManifestFile, manifest.ToJson());
        return manifest;
    }

    private static CaEntry SelfSign(ICaKeyProvider keys, string key, CaStage stage, TimeProvider time)
    {
        var now = time.GetUtcNow();
        var publicKey = PublicKey.CreateFromSubjectPublicKeyInfo(keys.GetPublicKey(key), out _);
        // The random part tells two CAs apart where both names stand in one list.
        var request = new CertificateRequest(
            new X500DistinguishedName($"CN=Tidegate CA {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}"), publicKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(publicKey, false));
        using var certificate = request.Create(request.SubjectName, new CaSignatureGenerator(keys, key, publicKey), now.AddHours(-1), now.AddYears(LifetimeYears), Serial());
        return new CaEntry(stage, certificate.ExportCertificatePem(), key, now);
    }

    private static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(SerialBytes);
        serial[0] &= 0x7f;
        return serial;
    }

    // One process at a time: silos that start together on one directory must end up with one CA.
    private static FileStream Lock(string directory)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return new FileStream(Path.Combine(directory, "ca.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (attempt < 100)
            {
                new ManualResetEventSlim().Wait(TimeSpan.FromMilliseconds(50));
            }
        }
    }

    private static void Write(string directory, string name, string content)
    {
        var (path, temporary) = (Path.Combine(directory, name), Path.Combine(directory, $"{name}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}"));
        using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.WriteThrough }))
        {
            stream.Write(System.Text.Encoding.ASCII.GetBytes(content));
        }

        File.Move(temporary, path, overwrite: true);
    }

    private sealed class Loaded : IDisposable
    {
        public Loaded(CaManifest manifest)
        {
            Manifest = manifest;
            All = [.. manifest.Authorities.Select(static one => X509Certificate2.CreateFromPem(one.CertificatePem))];
            Current = All[manifest.Authorities.ToList().IndexOf(manifest.Current)];
        }

        public CaManifest Manifest { get; }

        public X509Certificate2[] All { get; }

        public X509Certificate2 Current { get; }

        public void Dispose()
        {
            foreach (var certificate in All) certificate.Dispose();
        }
    }
}
