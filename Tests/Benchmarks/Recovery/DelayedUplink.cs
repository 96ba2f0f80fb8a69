using System.Net;
using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.Benchmarks.Recovery;

/// <summary>The only way from agents to the silo: link, discovery and data. Customers' requests do not go by it.</summary>
internal sealed class DelayedUplink : IAsyncDisposable
{
    private readonly HeldPorts _ports = new([new IPEndPoint(IPAddress.Loopback, 0), new IPEndPoint(IPAddress.Loopback, 0)]);
    private readonly DelayedWay _agents;
    private readonly DelayedWay _link;

    public DelayedUplink() => (_agents, _link) = (new DelayedWay(_ports[0]), new DelayedWay(_ports[1]));

    /// <summary>Has a silo be reached by it.</summary>
    public IReadOnlyDictionary<string, string> SiloSettings => new Dictionary<string, string>
    {
        ["Tidegate__Listeners__Agents"] = $"{_ports[0]}",
        ["Tidegate__Listeners__Link"] = $"{_ports[1]}",
        ["Tidegate__Listeners__AgentsUrl"] = $"https://{_agents.Address}",
        ["Tidegate__Listeners__LinkDial"] = $"{_link.Address}",
    };

    /// <summary>Adds so much to every round trip from now on.</summary>
    public void Add(TimeSpan roundTrip) => (_agents.RoundTrip, _link.RoundTrip) = (roundTrip, roundTrip);

    public async ValueTask DisposeAsync()
    {
        await _agents.DisposeAsync();
        await _link.DisposeAsync();
        _ports.Dispose();
    }
}
