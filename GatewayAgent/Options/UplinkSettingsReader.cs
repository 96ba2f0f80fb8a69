using System.Globalization;
using Tidegate.GatewayAgent.Uplink;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.Options;

/// <summary>Reads what the machine's owner allows the agent of the uplink (docs/operating/uplink.md).</summary>
internal static class UplinkSettingsReader
{
    /// <summary>Names of the settings that are read here.</summary>
    public static readonly string[] Settings = ["UploadBytesPerSecond", "DownloadBytesPerSecond"];

    /// <summary>Adds every fault; what it returns then is of no use.</summary>
    public static UplinkOptions Read(IConfiguration configuration, List<string> faults) =>
        new(Rate(configuration, "UploadBytesPerSecond", faults), Rate(configuration, "DownloadBytesPerSecond", faults));

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
