using System.CommandLine;
using Tidegate.GatewayAgent.Options;

namespace Tidegate.GatewayAgent.Commands;

/// <summary>The command line's spelling of the agent's settings; what is left out comes from environment and file.</summary>
internal sealed class SettingOptions
{
    private readonly List<(string Setting, Option<string?> Option)> _options;
    private readonly Option<string?> _config = new("--config") { Description = "JSON file of settings", HelpName = "FILE" };

    private readonly Option<string[]> _nbd = new("--nbd")
    {
        Description = "Where volumes are served: ADDRESS:PORT or unix:PATH, and ,tls=off|allowed|required behind it; port 0 picks a free one; "
            + "may be given several times (default 127.0.0.1:10809)",
        HelpName = "ADDRESS",
    };

    public SettingOptions()
    {
        _options =
        [
            ("State", Of("--state", "DIR", "Directory of identity, volumes and requests; created when it is missing")),
            ("Service", Of("--service", "URL", "The service's address for agents, https://host:port")),
            ("Ca", Of("--ca", "FILE", "PEM file of the CA that the service is known by")),
            ("NbdCertificate", Of("--nbd-certificate", "FILE", "PEM file of the certificate for NBD by TLS, with the intermediate ones behind it")),
            ("NbdKey", Of("--nbd-key", "FILE", "PEM file of its private key, not encrypted, mode 0600")),
            ("NbdClientCa", Of("--nbd-client-ca", "FILE", "PEM file of the CAs whose clients may use NBD by TLS")),
            ("NbdClientRevocations", Of("--nbd-client-crl", "FILE", "PEM file of the lists of what those CAs have revoked")),
            ("UploadBytesPerSecond", Of("--upload-limit", "BYTES", "Most bytes a second for uploads, whatever the service configures; 0 pauses")),
            ("DownloadBytesPerSecond", Of("--download-limit", "BYTES", "Most bytes a second for restoring in the background, whatever the service configures")),
            ("Proxy", Of("--proxy", "URL", "HTTP proxy for all outgoing connections, http://host:port, or none (default: HTTPS_PROXY); one with a password belongs into the file")),
            ("NoProxy", Of("--no-proxy", "LIST", "Names, addresses and networks that are reached directly, between commas (default: NO_PROXY)")),
            ("PassThroughStallSeconds", Of("--pass-through-stall", "SECONDS", "How long nothing may reach the service before a full log is passed, 1 to 600 (default 10)")),
            ("AdoptFrom", Of("--adopt-from", "DIRS", "Directories, separated by colons, whose raw images and block devices volumes may be made of (default: none)")),
            ("Local", Of("--local", "ADDRESS", "Where the local page is: ADDRESS:PORT; port 0 picks a free one (default 127.0.0.1:8810)")),
            ("Console", Of("--console", "URL", "Where the activation page sends browsers (default: /activate at the service)")),
            ("ReadyFile", Of("--ready-file", "FILE", "JSON file that tells other programs where everything is")),
            ("StopGraceSeconds", Of("--stop-grace", "SECONDS", "Time for draining and syncing at the end, 1 to 3600 (default 60)")),
        ];
    }

    public void AddTo(Command command)
    {
        foreach (var (_, option) in _options) command.Options.Add(option);
        command.Options.Add(_nbd);
        command.Options.Add(_config);
    }

    /// <summary>Throws <see cref="AgentOptionsException"/> with every fault.</summary>
    public AgentOptions Read(ParseResult parsed) => AgentOptionsReader.Read(
        [
            .. _options.Select(o => KeyValuePair.Create(o.Setting, parsed.GetValue(o.Option))),
            KeyValuePair.Create(NbdSettingsReader.AddressSetting, parsed.GetValue(_nbd) is { Length: > 0 } addresses ? string.Join(NbdSettingsReader.Separator, addresses) : null),
        ],
        parsed.GetValue(_config));

    private static Option<string?> Of(string name, string value, string description) => new(name) { Description = description, HelpName = value };
}
