using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>A volume's status with the name that people know it by.</summary>
/// <param name="Name">The volume's name; empty when the agent has not learnt it.</param>
/// <param name="Status">What is reported to the service too.</param>
internal sealed record NamedVolumeStatus(string Name, VolumeStatus Status)
{
    /// <summary>What goes through it; null while it is not served.</summary>
    public VolumeTraffic? Traffic { get; init; }
}
