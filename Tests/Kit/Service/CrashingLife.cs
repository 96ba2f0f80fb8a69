using Tidegate.Tests.Kit.Disks;

namespace Tidegate.Tests.Kit.Service;

/// <summary>A life of an agent's volume that ends with its machine losing power: at a call to the disk, wherever that is.</summary>
internal static class CrashingLife
{
    /// <summary>
    /// Opens the volume, writes and flushes (once in <paramref name="flushEvery"/> writes on average) until the disk's next
    /// <paramref name="callsToLive"/> calls are used up. Returns what survived on the disk and how many operations were flushed.
    /// </summary>
    public static async Task<(LockedDisk Disk, int Flushed)> RunAsync(
        ModelService service, LockedDisk disk, SequentialWriter writer, Random random, int callsToLive, int flushEvery, string sourceSnapshotId = "")
    {
        disk.Inner.Plan.CrashAtCall = disk.Inner.Calls + callsToLive;
        var flushed = 0;
        AgentVolume? agent = null;
        try
        {
            agent = AgentVolume.Open(service, disk, sourceSnapshotId);
            if (sourceSnapshotId.Length == 0) writer.Recover(await agent.ReadAsync(), atLeast: 0);
            while (true)
            {
                await writer.StepAsync(agent.Device);
                if (random.Next(flushEvery) != 0) continue;
                await agent.Device.FlushAsync(CancellationToken.None);
                flushed = writer.Completed;
            }
        }
        catch (Exception crash) when (disk.Inner.HasCrashed)
        {
            _ = crash;
        }
        return (agent is null ? disk.Restart(new SimulatedDiskPlan()) : await agent.CrashAsync(), flushed);
    }
}
