using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tidegate.GatewayAgent.Activation;
using Tidegate.GatewayAgent.Identity;
using Tidegate.GatewayAgent.LocalConsole;

namespace Tidegate.GatewayAgent.Support;

/// <summary>
/// Writes a support bundle: a gzipped tar that its owner alone can read. It takes nothing that is secret (no key, no activation key, no data
/// of volumes), and all text goes through <see cref="SecretRedactor"/> besides.
/// </summary>
internal sealed class SupportBundle : IDisposable
{
    private const int LogFileBytes = 4 << 20;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly TimeProvider _time;
    private readonly FileStream _file;
    private readonly GZipStream _gzip;
    private readonly TarWriter _tar;

    private SupportBundle(FileStream file, TimeProvider time)
    {
        (_file, _time) = (file, time);
        _gzip = new GZipStream(file, CompressionLevel.Optimal, leaveOpen: true);
        _tar = new TarWriter(_gzip, TarEntryFormat.Pax, leaveOpen: true);
    }

    /// <summary>Begins an archive of mode 0600. Throws <see cref="IOException"/> when the file is there already.</summary>
    public static SupportBundle Create(string path, TimeProvider time) => new(
        new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }),
        time);

    /// <summary>Versions, and what machine this is.</summary>
    public void AddMachine() => Add("machine.json", JsonSerializer.Serialize(
        new
        {
            collectedAt = _time.GetUtcNow(),
            agentVersion = MachineMetadata.AgentVersion,
            runtime = RuntimeInformation.FrameworkDescription,
            operatingSystem = MachineMetadata.OperatingSystem,
            processors = Environment.ProcessorCount,
            memoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
            uptimeSeconds = Environment.TickCount64 / 1000,
        },
        Json));

    /// <summary>A document of the agent's page; the activation key in it lets somebody in and stays out.</summary>
    public void AddJson(string name, string json)
    {
        var document = JsonNode.Parse(json)!;
        if (document["activation"] is JsonObject activation) activation["activationKey"] = "(redacted)";
        Add(name, document.ToJsonString(Json));
    }

    /// <summary>Settings, metrics and log of the running agent.</summary>
    public void AddDiagnostics(DiagnosticsDocument diagnostics)
    {
        Add("settings.json", JsonSerializer.Serialize(diagnostics.Settings, Json));
        Add("metrics.json", JsonSerializer.Serialize(diagnostics.Metrics, Json));
        Add("log.txt", string.Join('\n', diagnostics.Log) + "\n");
    }

    /// <summary>A note for people.</summary>
    public void AddText(string name, string text) => Add(name, text + "\n");

    /// <summary>The end of a log file.</summary>
    public void AddLogFile(string path)
    {
        using var log = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        log.Seek(-Math.Min(log.Length, LogFileBytes), SeekOrigin.End);
        using var reader = new StreamReader(log, Encoding.UTF8);
        Add("log-file.txt", reader.ReadToEnd());
    }

    /// <summary>Names, sizes and formats of what the agent keeps; of the identity only what the certificate says to everybody.</summary>
    public void AddStateDirectory(string stateDirectory)
    {
        var listing = new StringBuilder();
        foreach (var file in new DirectoryInfo(stateDirectory).EnumerateFiles("*", SearchOption.AllDirectories).OrderBy(static f => f.FullName, StringComparer.Ordinal))
        {
            listing.Append(CultureInfo.InvariantCulture,
                $"{Convert.ToString((int)file.UnixFileMode, 8).PadLeft(4, '0')} {file.Length,16} {file.LastWriteTimeUtc:yyyy-MM-dd'T'HH:mm:ss'Z'} {Path.GetRelativePath(stateDirectory, file.FullName)}\n");
        }
        Add("files.txt", listing.ToString());
        Add("formats.json", JsonSerializer.Serialize(DiskFormats.Describe(stateDirectory), Json));
        var configuration = Path.Combine(stateDirectory, Options.AgentOptions.VolumesFolder, Volumes.ConfigurationStore.FileName);
        if (File.Exists(configuration)) Add("configuration.json", File.ReadAllText(configuration));
        var identity = Path.Combine(stateDirectory, "identity");
        AddCertificate(Path.Combine(identity, File.Exists(Path.Combine(identity, IdentityStore.CredentialFile)) ? IdentityStore.CredentialFile : IdentityStore.CertificateFile));
    }

    public void Dispose()
    {
        _tar.Dispose();
        _gzip.Dispose();
        _file.Dispose();
    }

    private void AddCertificate(string path)
    {
        if (!File.Exists(path)) return;
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificateFromFile(path);
            Add("certificate.txt",
                $"subject: {certificate.Subject}\nissuer: {certificate.Issuer}\nnot before: {certificate.NotBefore.ToUniversalTime():u}\nnot after: {certificate.NotAfter.ToUniversalTime():u}\n"
                + $"sha-256: {certificate.GetCertHashString(HashAlgorithmName.SHA256)}\n");
        }
        catch (CryptographicException damaged)
        {
            Add("certificate.txt", $"unreadable: {damaged.Message}\n");
        }
    }

    private void Add(string name, string text)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(SecretRedactor.Redact(text)));
        _tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "tidegate-support/" + name)
        {
            DataStream = content,
            ModificationTime = _time.GetUtcNow(),
            Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
    }
}
