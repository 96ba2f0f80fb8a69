using Tidegate.GatewayAgent.Nbd;

namespace Tidegate.GatewayAgent.Options;

/// <summary>Reads where and how volumes are served by NBD (docs/protocols/nbd.md, Where it listens and TLS).</summary>
internal static class NbdSettingsReader
{
    public const string AddressSetting = "Nbd";

    /// <summary>Between several addresses in one value.</summary>
    public const char Separator = ';';

    /// <summary>Names of the settings that are read here.</summary>
    public static readonly string[] Settings = [AddressSetting, "NbdCertificate", "NbdKey", "NbdClientCa", "NbdClientRevocations", AccessSetting];

    private const string AccessSetting = "NbdAccess";
    private const string DefaultAddress = "127.0.0.1:10809";

    /// <summary>Adds every fault; what it returns then is of no use.</summary>
    public static (IReadOnlyList<NbdListenAddress> Addresses, NbdTlsFiles? Tls, NbdAccess? Access) Read(IConfiguration configuration, List<string> faults)
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
        return (addresses, tls, ReadAccess(configuration, addresses, tls, faults));
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

    private static NbdAccess? ReadAccess(IConfiguration configuration, List<NbdListenAddress> addresses, NbdTlsFiles? tls, List<string> faults)
    {
        var section = configuration.GetSection(AccessSetting);
        if (!section.Exists()) return null;
        var clientsOf = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var export in section.GetChildren())
        {
            var clients = export.GetChildren().Select(static c => c.Value ?? "").ToList();
            if (export.Value is not null || clients.Count == 0 || clients.Contains(""))
                faults.Add($"{AccessSetting}:{export.Key} is not an array of clients: names in their certificates, or {NbdAccess.HashPrefix} and a certificate's hash");
            foreach (var hash in clients.Where(static c => c.StartsWith(NbdAccess.HashPrefix, StringComparison.OrdinalIgnoreCase)))
            {
                if (hash.Length != NbdAccess.HashPrefix.Length + 64 || !hash[NbdAccess.HashPrefix.Length..].All(char.IsAsciiHexDigit))
                    faults.Add($"{AccessSetting}:{export.Key} has '{hash}', which is not {NbdAccess.HashPrefix} and 64 hexadecimal digits");
            }
            clientsOf[export.Key] = clients;
        }
        if (tls?.ClientCaFile is null)
            faults.Add($"{AccessSetting} goes by the clients' certificates: give NbdClientCa");
        foreach (var open in addresses.Where(static a => a.UnixPath is null && a.TlsMode != NbdTlsMode.Required))
            faults.Add($"Nbd '{open}' lets clients in without a certificate, which {AccessSetting} goes by: write ',tls=required' behind it");
        return new NbdAccess(clientsOf);
    }

    private static NbdTlsFiles? ReadTls(IConfiguration configuration, List<string> faults)
    {
        var (certificate, key, clientCa, revocations) = (File("NbdCertificate"), File("NbdKey"), File("NbdClientCa"), File("NbdClientRevocations"));
        if (certificate is null && key is null && clientCa is null && revocations is null)
            return null;
        if (certificate is null)
            faults.Add("NbdCertificate is missing: the PEM file of the certificate for NBD by TLS");
        if (key is null)
            faults.Add("NbdKey is missing: the PEM file of the NBD certificate's private key");
        var files = new NbdTlsFiles(certificate ?? "", key ?? "", clientCa, revocations);
        if (revocations is not null && clientCa is null)
            faults.Add("NbdClientRevocations needs NbdClientCa: the CAs that signed the lists");
        if (certificate is not null && key is not null)
            NbdTlsIdentity.Load(files, faults);
        return files;

        string? File(string setting) => configuration[setting] is { Length: > 0 } path ? Path.GetFullPath(path) : null;
    }
}
