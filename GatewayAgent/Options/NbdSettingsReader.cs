using Tidegate.GatewayAgent.Nbd;

namespace Tidegate.GatewayAgent.Options;

/// <summary>Reads where and how volumes are served by NBD (docs/protocols/nbd.md, Where it listens and TLS).</summary>
internal static class NbdSettingsReader
{
    public const string AddressSetting = "Nbd";

    /// <summary>Between several addresses in one value.</summary>
    public const char Separator = ';';

    /// <summary>Names of the settings that are read here.</summary>
    public static readonly string[] Settings = [AddressSetting, "NbdCertificate", "NbdKey", "NbdClientCa"];

    private const string DefaultAddress = "127.0.0.1:10809";

    /// <summary>Adds every fault; what it returns then is of no use.</summary>
    public static (IReadOnlyList<NbdListenAddress> Addresses, NbdTlsFiles? Tls) Read(IConfiguration configuration, List<string> faults)
    {
        var tls = ReadTls(configuration, faults);
        List<NbdListenAddress> addresses = [];
        foreach (var text in Texts(configuration))
        {
            if (NbdListenAddress.TryParse(text, out var address))
                addresses.Add(WithMode(address, tls is not null, faults));
            else
                faults.Add($"Nbd '{text}' is neither ADDRESS:PORT nor unix:PATH, with ,tls=off, ,tls=allowed or ,tls=required behind it or without");
        }
        return (addresses, tls);
    }

    private static IEnumerable<string> Texts(IConfiguration configuration)
    {
        if (configuration[AddressSetting] is { } together)
            return together.Split(Separator);
        var several = configuration.GetSection(AddressSetting).GetChildren().Select(static c => c.Value ?? "").ToList();
        return several.Count > 0 ? several : [DefaultAddress];
    }

    private static NbdListenAddress WithMode(NbdListenAddress address, bool hasTls, List<string> faults)
    {
        if (address.Tls is { } said)
        {
            if (said != NbdTlsMode.Off && !hasTls)
                faults.Add($"Nbd '{address}' is to use TLS: give NbdCertificate and NbdKey");
            return address;
        }
        if (!address.IsLocal && !hasTls)
            faults.Add($"Nbd '{address}' is open to other machines, without TLS: give NbdCertificate, NbdKey and NbdClientCa, or write '{address},tls=off' where only the hosts can reach it");
        return hasTls && address.UnixPath is null ? address with { Tls = address.IsLocal ? NbdTlsMode.Allowed : NbdTlsMode.Required } : address;
    }

    private static NbdTlsFiles? ReadTls(IConfiguration configuration, List<string> faults)
    {
        var (certificate, key, clientCa) = (File("NbdCertificate"), File("NbdKey"), File("NbdClientCa"));
        if (certificate is null && key is null && clientCa is null)
            return null;
        if (certificate is null)
            faults.Add("NbdCertificate is missing: the PEM file of the certificate for NBD by TLS");
        if (key is null)
            faults.Add("NbdKey is missing: the PEM file of the NBD certificate's private key");
        var files = new NbdTlsFiles(certificate ?? "", key ?? "", clientCa);
        if (certificate is not null && key is not null)
            NbdTlsIdentity.Load(files, faults);
        return files;

        string? File(string setting) => configuration[setting] is { Length: > 0 } path ? Path.GetFullPath(path) : null;
    }
}
