namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>What an agent is doing, in one word.</summary>
internal enum AgentState
{
    /// <summary>Opening what is on disk.</summary>
    Starting = 0,
    /// <summary>Waiting for somebody to claim it; the activation key is shown.</summary>
    Activating = 1,
    /// <summary>On the way to the service for the first time.</summary>
    Connecting = 2,
    /// <summary>Holding a link.</summary>
    Connected = 3,
    /// <summary>The link is lost and being opened again; local I/O goes on.</summary>
    Disconnected = 4,
    /// <summary>Another agent with this identity took over; this one does not reconnect by itself (M1.7).</summary>
    Superseded = 5,
    /// <summary>The service refuses this gateway's credential; it asks again now and then.</summary>
    Refused = 6,
    /// <summary>Draining and syncing before the end.</summary>
    Stopping = 7,
}
