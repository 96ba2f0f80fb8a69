using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Tidegate.GatewayAgent.Volumes;

namespace Tidegate.GatewayAgent.Options;

/// <summary>
/// Reads the agent's settings from a JSON file (<c>--config</c>), the environment (<c>TIDEGATE_AGENT_</c> and the setting's name)
/// and the command line, the later ones winning, and checks them all at once.
/// </summary>
internal static class AgentOptionsReader
{
    public const string EnvironmentPrefix = "TIDEGATE_AGENT_";
    private const string AdoptFrom = "AdoptFrom";
    private const string FillsAtOnce = "FillsAtOnce";
    private const string DefaultLocal = "127.0.0.1:8810";

    /// <summary>Every setting there is; <c>docs/operating/agent.md</c> says what each means.</summary>
    public static readonly string[] Settings = ["State", "Service", "Ca", .. NbdSettingsReader.Settings, .. UplinkSettingsReader.Settings, "Local", "Console", "ReadyFile", "StopGraceSeconds", "AbsentWaitSeconds", AdoptFrom, FillsAtOnce, .. PassThroughSettingsReader.Settings, HookSettingsReader.Setting];

    /// <summary>Throws <see cref="AgentOptionsException"/> with every fault. Null values of <paramref name="commandLine"/> count as not given.</summary>
    public static AgentOptions Read(IEnumerable<KeyValuePair<string, string?>> commandLine, string? configFile)
    {
        var faults = new List<string>();
        var builder = new ConfigurationBuilder();
        if (configFile is not null && !File.Exists(configFile)) faults.Add($"the configuration file '{configFile}' does not exist");
        else if (configFile is not null) AddFile(builder, configFile, faults);
        var configuration = builder
            .AddEnvironmentVariables(EnvironmentPrefix)
            .AddInMemoryCollection(commandLine.Where(p => p.Value is not null))
            .Build();
        return Bind(configuration, faults);
    }

    private static void AddFile(ConfigurationBuilder builder, string configFile, List<string> faults)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(configFile), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                faults.Add($"the configuration file '{configFile}' is no JSON object");
                return;
            }
            foreach (var member in document.RootElement.EnumerateObject())
            {
                if (!Settings.Contains(member.Name, StringComparer.OrdinalIgnoreCase))
                    faults.Add($"the configuration file '{configFile}' has '{member.Name}', which is no setting; there are {string.Join(", ", Settings)}");
            }
            builder.AddJsonFile(Path.GetFullPath(configFile));
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            faults.Add($"the configuration file '{configFile}' cannot be read: {error.Message}");
        }
    }

    private static AgentOptions Bind(IConfiguration configuration, List<string> faults)
    {
        var state = Required(configuration, "State", "the directory that keeps identity and volumes (--state)", faults);
        var service = ReadService(configuration, faults);
        var ca = Required(configuration, "Ca", "the PEM file that the service is known by (--ca)", faults);
        if (ca is not null) CheckCa(ca, faults);
        var local = ReadLocal(configuration, faults);
        var (nbd, nbdTls, nbdAccess) = NbdSettingsReader.Read(configuration, faults);
        var console = ReadConsole(configuration, faults);
        var uplink = UplinkSettingsReader.Read(configuration, faults);
        var proxy = UplinkSettingsReader.ReadProxy(configuration, Environment.GetEnvironmentVariable, faults);
        var grace = TimeSpan.FromSeconds(ReadNumber(configuration, "StopGraceSeconds", 60, 3600, faults));
        var absentWait = TimeSpan.FromSeconds(ReadNumber(configuration, "AbsentWaitSeconds", 30, 3600, faults));
        var hooks = HookSettingsReader.Read(configuration, faults);
        var fills = ReadNumber(configuration, FillsAtOnce, VolumeOptions.DefaultFillsAtOnce, 64, faults);
        var adoptFrom = ReadAdoptFrom(configuration, faults);
        var passThrough = PassThroughSettingsReader.Read(configuration, faults);
        if (faults.Count > 0) throw new AgentOptionsException(faults);
        return new AgentOptions
        {
            StateDirectory = Path.GetFullPath(state!),
            Service = service!,
            CaFile = Path.GetFullPath(ca!),
            Nbd = nbd,
            NbdTls = nbdTls,
            NbdAccess = nbdAccess,
            Uplink = uplink,
            Proxy = proxy,
            Local = local!,
            Console = console,
            ReadyFile = configuration["ReadyFile"] is { Length: > 0 } ready ? Path.GetFullPath(ready) : null,
            StopGrace = grace,
            AbsentWait = absentWait,
            Hooks = hooks,
            AdoptFrom = adoptFrom,
            FillsAtOnce = fills,
            PassThrough = passThrough,
        };
    }

    private static string? Required(IConfiguration configuration, string name, string meaning, List<string> faults)
    {
        if (configuration[name] is { Length: > 0 } value) return value;
        faults.Add($"{name} is missing: {meaning}");
        return null;
    }

    private static Uri? ReadService(IConfiguration configuration, List<string> faults)
    {
        if (Required(configuration, "Service", "the service's address for agents, https://host:port (--service)", faults) is not { } text) return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps && uri.PathAndQuery == "/") return uri;
        faults.Add($"Service '{text}' is not of the form https://host:port");
        return null;
    }

    private static Uri? ReadConsole(IConfiguration configuration, List<string> faults)
    {
        if (configuration["Console"] is not { Length: > 0 } text) return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http") return uri;
        faults.Add($"Console '{text}' is no http(s) URL");
        return null;
    }

    private static IPEndPoint? ReadLocal(IConfiguration configuration, List<string> faults)
    {
        var text = configuration["Local"] ?? DefaultLocal;
        if (text.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(text, out var endPoint)) return endPoint;
        faults.Add($"Local '{text}' is not ADDRESS:PORT");
        return null;
    }

    private static int ReadNumber(IConfiguration configuration, string name, int otherwise, int most, List<string> faults)
    {
        if (configuration[name] is not { } text) return otherwise;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most) return number;
        faults.Add($"{name} '{text}' is not within 1 to {most}");
        return otherwise;
    }

    private static string[] ReadAdoptFrom(IConfiguration configuration, List<string> faults)
    {
        var directories = configuration[AdoptFrom] is { } text
            ? text.Split(':', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : [.. configuration.GetSection(AdoptFrom).GetChildren().Select(static one => one.Value ?? "")];
        foreach (var directory in directories.Where(static directory => !Path.IsPathFullyQualified(directory) || !Directory.Exists(directory)))
            faults.Add($"{AdoptFrom} names '{directory}', which is no absolute path of a directory");
        return directories;
    }

    private static void CheckCa(string file, List<string> faults)
    {
        try
        {
            var roots = new X509Certificate2Collection();
            roots.ImportFromPemFile(file);
            if (roots.Count == 0) faults.Add($"the CA file '{file}' holds no certificate");
            foreach (var root in roots) root.Dispose();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            faults.Add($"the CA file '{file}' cannot be read: {error.Message}");
        }
    }
}
