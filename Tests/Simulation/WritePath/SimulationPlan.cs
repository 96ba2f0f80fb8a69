using Tidegate.GatewayAgent.Devices;
using Tidegate.Tests.Kit.Disks;

namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>Bugs to plant: each must be caught, which shows that the simulation can fail.</summary>
internal sealed record SimulationPlan
{
    /// <summary>Applied to the disk of every life.</summary>
    public Action<SimulatedDiskPlan>? Disk { get; init; }
    /// <summary>How a flush reaches the volume.</summary>
    public Func<LoggedVolume, Task> Flush { get; init; } = volume => volume.FlushAsync(default).AsTask();
    /// <summary>The log end that a commit of the service is taken for.</summary>
    public Func<long, GatewayAgent.WriteLog.WriteLog, long> CommittedEnd { get; init; } = (end, _) => end;
    /// <summary>How a snapshot's barrier is taken.</summary>
    public Func<LoggedVolume, string, Task<long>> Barrier { get; init; } = (volume, id) => volume.Log.AppendBarrierAsync(id, default);
}
