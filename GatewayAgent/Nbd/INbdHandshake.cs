namespace Tidegate.GatewayAgent.Nbd;

/// <summary>What a handshake asks of its connection.</summary>
internal interface INbdHandshake
{
    /// <summary>Whether TLS is offered or required.</summary>
    NbdTlsMode TlsMode { get; }

    /// <summary>The agent is stopping: nothing new is begun.</summary>
    bool IsStopping { get; }

    /// <summary>Makes the connection encrypted. Throws <see cref="NbdProtocolException"/> when that fails.</summary>
    void StartTls();

    /// <summary>Takes a place among the sessions; null when there was one, else what is in the way, for people.</summary>
    string? BeginSession();
}
