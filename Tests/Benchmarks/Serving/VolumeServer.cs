using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.WriteLog;

namespace Tidegate.Tests.Benchmarks.Serving;

/// <summary>
/// A process with the agent's device stack and no service behind it: a volume with its write log, which frees log space once
/// applied. What shadowing costs shows against this.
/// </summary>
internal static class VolumeServer
{
    public static async Task<int> RunAsync(string directory, long sizeBytes, string listen)
    {
        var disk = new LinuxDisk(directory);
        var options = new LoggedVolumeOptions
        {
            Log = new WriteLogOptions { VolumeId = "vol-bench", RetainUntilCommitted = false },
            SizeBytes = sizeBytes,
        };
        if (!LoggedVolume.Exists(disk))
            LoggedVolume.Create(disk, options);
        await using var volume = LoggedVolume.Open(disk, options);
        return await UntilTerminated.ServeAsync(volume, "volume", listen);
    }
}
