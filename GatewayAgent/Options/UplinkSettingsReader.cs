using System.Globalization;
using Tidegate.Client.Proxies;
using Tidegate.GatewayAgent.Uplink;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.Options;

/// <summary>Reads what the machine's owner allows the agent of the uplink (docs/operating/uplink.md).</summary>
internal static class UplinkSettingsReader
{
    /// <summary>Names of the settings that are read here.</summary>
    public static readonly string[] Settings = ["UploadBytesPerSecond", "DownloadBytesPerSecond", "Proxy", "NoProxy"];

    private const string NoProxyAtAll = "none";

    /// <summary>Adds every fault; what it returns then is of no use.</summary>
    public static UplinkOptions Read(IConfiguration configuration, List<string> faults) =>
        new(Rate(configuration, "UploadBytesPerSecond", faults), Rate(configuration, "DownloadBytesPerSecond", faults));

    /// <summary>The proxy: the agent's own setting, or what <c>HTTPS_PROXY</c> and <c>NO_PROXY</c> say to every program; <c>none</c> for none.</summary>
    public static ProxySettings? ReadProxy(IConfiguration configuration, Func<string, string?> environment, List<string> faults)
    {
        string? Of(string name) => environment(name) is { Length: > 0 } value ? value : environment(name.ToLowerInvariant());
        var own = configuration["Proxy"] is { Length: > 0 } set ? set : null;
        var (name, text) = own is null ? ("HTTPS_PROXY", Of("HTTPS_PROXY")) : ("Proxy", own);
        if (string.IsNullOrEmpty(text) || text == NoProxyAtAll) return null;
        if (ProxySettings.TryParse(text, configuration["NoProxy"] ?? Of("NO_PROXY"), out var proxy, out var fault)) return proxy;
        faults.Add($"{name} {fault}; its value is not shown, for it may hold a password");
        return null;
    }

    private static long? Rate(IConfiguration configuration, string setting, List<string> faults)
    {
        if (configuration[setting] is not { Length: > 0 } text) return null;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var rate)
            && rate is 0 or (>= BandwidthLimits.MinBytesPerSecond and <= BandwidthLimits.MaxBytesPerSecond))
        {
            return rate;
        }
        faults.Add($"{setting} '{text}' is neither 0 nor within {BandwidthLimits.MinBytesPerSecond} to {BandwidthLimits.MaxBytesPerSecond} bytes a second");
        return null;
    }
}
