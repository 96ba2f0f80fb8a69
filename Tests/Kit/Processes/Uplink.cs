using System.Net;
using Tidegate.Tests.Kit.Http;

namespace Tidegate.Tests.Kit.Processes;

/// <summary>The only way from agents to the one silo of a deployment: link, discovery and data endpoint. Customers' requests do not go by it.</summary>
public sealed class Uplink : IAsyncDisposable
{
    internal const string AgentsSetting = "Tidegate__Listeners__Agents";

    private readonly HeldPorts _ports = new([new IPEndPoint(IPAddress.Loopback, 0), new IPEndPoint(IPAddress.Loopback, 0)]);
    private readonly TcpRelay _agents;
    private readonly TcpRelay _link;

    public Uplink() => (_agents, _link) = (new TcpRelay(_ports[0]), new TcpRelay(_ports[1]));

    /// <summary>Has a silo be reached by it.</summary>
    public IReadOnlyDictionary<string, string> SiloSettings => new Dictionary<string, string>
    {
        [AgentsSetting] = $"{_ports[0]}",
        ["Tidegate__Listeners__Link"] = $"{_ports[1]}",
        ["Tidegate__Listeners__AgentsUrl"] = $"https://{_agents.Address}",
        ["Tidegate__Listeners__LinkDial"] = $"{_link.Address}",
    };

    /// <summary>Connections break, and new ones as well.</summary>
    public void Cut()
    {
        _agents.Cut();
        _link.Cut();
    }

    /// <summary>Nothing arrives, and nobody is told.</summary>
    public void Silence()
    {
        _agents.Silence();
        _link.Silence();
    }

    public void Restore()
    {
        _agents.Restore();
        _link.Restore();
    }

    public async ValueTask DisposeAsync()
    {
        await _agents.DisposeAsync();
        await _link.DisposeAsync();
        _ports.Dispose();
    }
}
