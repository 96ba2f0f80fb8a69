using System.Globalization;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.Activation;

/// <summary>What the agent says of its machine (mission 4, step 1). What cannot be read is left out, never guessed.</summary>
internal static class MachineMetadata
{
    public static string AgentVersion { get; } = typeof(MachineMetadata).Assembly.GetName().Version!.ToString(3);

    public static string OperatingSystem { get; } = DescribeOperatingSystem();

    public static GatewayMetadata Collect() => new(Environment.MachineName, OperatingSystem, DescribeHardware(), AgentVersion, ListAddresses());

    private static string DescribeOperatingSystem()
    {
        var pretty = ReadLines("/etc/os-release").FirstOrDefault(l => l.StartsWith("PRETTY_NAME=", StringComparison.Ordinal))?["PRETTY_NAME=".Length..].Trim('"');
        var kernel = $"Linux {Environment.OSVersion.Version.ToString(3)} {RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";
        return pretty is null ? kernel : $"{pretty}, {kernel}";
    }

    private static string DescribeHardware()
    {
        var model = ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30);
        var size = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} cores, {memory:0.#} GiB memory");
        return model is null ? size : $"{model}, {size}";
    }

    private static string[] ListAddresses() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .Where(i => i.OperationalStatus == OperationalStatus.Up && i.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(i => i.GetIPProperties().UnicastAddresses)
            .Select(a => a.Address)
            .Where(a => a.AddressFamily == AddressFamily.InterNetwork || (a.AddressFamily == AddressFamily.InterNetworkV6 && !a.IsIPv6LinkLocal))
            .Select(a => a.ToString())
            .Order(StringComparer.Ordinal)
            .Take(16),
    ];

    private static IEnumerable<string> ReadLines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
