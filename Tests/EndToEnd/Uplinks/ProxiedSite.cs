using System.Globalization;
using Tidegate.Tests.Kit.Http;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Uplinks;

/// <summary>A service on Azure blobs, and an agent that is to reach both through a proxy that asks for a password.</summary>
public sealed class ProxiedSite : IAsyncLifetime
{
    public const string Agent = "site";
    public const string Password = "s:ecret";

    private AzuriteServer _azurite = null!;

    public ConnectProxy Proxy { get; } = ConnectProxy.Start("us@er", Password);

    public Deployment Deployment { get; private set; } = null!;

    public string Gateway { get; private set; } = "";

    /// <summary><c>host:port</c> of all that the agent has to reach: activation and discovery, the link, the blob store.</summary>
    public IReadOnlyList<string> Targets => [new Uri(Deployment.SiloReady(0, "agentsUrl")).Authority, Deployment.SiloReady(0, "linkEndpoint"), _azurite.Address.Authority];

    public async ValueTask InitializeAsync()
    {
        _azurite = await AzuriteServer.StartAsync();
        Deployment = await Deployment.StartAsync(_azurite.SiloSettings());
        Deployment.ConfigureAgents("TIDEGATE_AGENT_PROXY", $"http://us%40er:{Uri.EscapeDataString(Password)}@127.0.0.1:{Proxy.Port}");
        Gateway = await Deployment.ActivatedAgentAsync(Agent);
    }

    /// <summary>Ports at the far end of the agent's open connections, those of hosts and of the local page excepted.</summary>
    public IReadOnlyList<int> RemotePorts()
    {
        var process = $"/proc/{Deployment.Agent(Agent).Id}";
        var sockets = Directory.EnumerateFileSystemEntries(process + "/fd").Select(static fd => new FileInfo(fd).LinkTarget)
            .OfType<string>().Where(static link => link.StartsWith("socket:[", StringComparison.Ordinal)).Select(static link => link[8..^1]).ToHashSet();
        var rows = File.ReadLines(process + "/net/tcp").Skip(1).Concat(File.ReadLines(process + "/net/tcp6").Skip(1))
            .Select(static row => row.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        var listening = rows.Where(static row => row[3] == "0A").Select(static row => Port(row[1])).ToHashSet();
        return [.. rows.Where(row => row[3] == "01" && sockets.Contains(row[9]) && !listening.Contains(Port(row[1]))).Select(static row => Port(row[2]))];
    }

    public async ValueTask DisposeAsync()
    {
        await Deployment.DisposeAsync();
        await Proxy.DisposeAsync();
        await _azurite.DisposeAsync();
    }

    private static int Port(string endPoint) => int.Parse(endPoint[(endPoint.LastIndexOf(':') + 1)..], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
