using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;

namespace Tidegate.Tests.Benchmarks.Serving;

/// <summary>A process that serves one plain file by the agent's NBD server: the cost of the front end alone.</summary>
internal static class RawFileServer
{
    public static async Task<int> RunAsync(string directory, long sizeBytes, string listen)
    {
        await using var device = new RawFileDevice(new LinuxDisk(directory).Open("store.raw", sizeBytes));
        return await UntilTerminated.ServeAsync(device, "raw", listen);
    }
}
