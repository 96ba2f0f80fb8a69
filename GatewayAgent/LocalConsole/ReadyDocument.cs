using System.Text;

namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>The ready file: tells scripts where a running agent is and how far it has come.</summary>
/// <param name="Pid">Process id: a reader compares it, for a killed agent leaves its file behind.</param>
/// <param name="NbdUri">Base of the volumes' URIs; a volume's name is appended.</param>
/// <param name="LocalUrl">The local page.</param>
/// <param name="State">What the agent is doing.</param>
/// <param name="ActivationKey">The key while it is advertised.</param>
/// <param name="GatewayId">The gateway, once activated.</param>
internal sealed record ReadyDocument(int Pid, string NbdUri, string LocalUrl, AgentState State, string? ActivationKey, string? GatewayId)
{
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("Pid = ").Append(Pid).Append(", State = ").Append(State).Append(", GatewayId = ").Append(GatewayId);
        return true;
    }
}
