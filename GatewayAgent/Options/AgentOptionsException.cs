namespace Tidegate.GatewayAgent.Options;

/// <summary>The settings do not allow a start. Holds every fault, so that one look is enough.</summary>
internal sealed class AgentOptionsException(IReadOnlyList<string> faults)
    : Exception("The agent cannot start with these settings:" + string.Concat(faults.Select(f => "\n  - " + f)))
{
    public IReadOnlyList<string> Faults { get; } = faults;
}
