using Tidegate.GatewayAgent.Disks;

namespace Tidegate.GatewayAgent.Commands;

/// <summary>One agent a state directory: two would be two writers of one history.</summary>
internal static class StateLock
{
    private const string FileName = "agent.lock";

    /// <summary>Held until disposed, or until the process ends however it ends. Throws <see cref="DiskFaultException"/> when another holds it.</summary>
    public static IDisposable Take(string stateDirectory) => new LinuxDisk(stateDirectory).Open(FileName);
}
