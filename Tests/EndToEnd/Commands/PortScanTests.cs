using System.Net;
using System.Text.Json.Nodes;
using Tidegate.Tests.EndToEnd.RoundTrip;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Commands;

/// <summary>
/// M3.2: an agent takes connections on its data port and on its local page, where it was told to, and nowhere else: before, during and after
/// activation, on all 65,535 ports.
/// </summary>
public sealed class PortScanTests(SharedService service)
{
    private const string Name = "scanned";

    // An address that nothing else listens on; what is bound to all addresses shows before the agent runs.
    private static readonly IPAddress Address = IPAddress.Parse("127.77.3.2");

    [Fact]
    public async Task An_agent_listens_where_it_was_told_and_nowhere_else_before_during_and_after_activation()
    {
        var deployment = await service.DeploymentAsync();
        var others = await PortScan.ConnectToAllAsync(Address);
        var ready = await deployment.StartAgentAsync(Name, static r => r["activationKey"] is not null, address: Address);
        var (data, page) = (new Uri((string)ready["nbdUri"]!).Port, new Uri((string)ready["localUrl"]!).Port);
        int[] own = [data, page];

        Assert.Equal(own.Order(), (await PortScan.ConnectToAllAsync(Address)).Except(others));
        AssertListeners(ready, own);
        Assert.Contains("activationKey", await ActivationAsync(ready), StringComparison.Ordinal);

        await deployment.CliOkAsync("gateways", "activate", (string)ready["activationKey"]!, "--name", Name, "--time-zone", "UTC");
        var activated = await deployment.AgentReadyAsync(Name, static r => r["gatewayId"] is not null);
        await deployment.VolumeAsync((string)activated["gatewayId"]!, "scanned-volume");
        // The page still says how the agent does; what it says of activation is over, and its link is one that it opened itself.
        Assert.Equal(own.Order(), (await PortScan.ConnectToAllAsync(Address)).Except(others));
        AssertListeners(ready, own);
        Assert.DoesNotContain("activationKey=", await ActivationAsync(ready), StringComparison.Ordinal);
    }

    private static void AssertListeners(JsonObject ready, int[] own)
    {
        var listeners = PortScan.ListenersOf((int)ready["pid"]!);
        Assert.Equal(own.Order(), listeners.Select(listener => listener.Port).Order());
        // 127.77.3.2 as the kernel writes it: of one address, not of all.
        Assert.All(listeners, listener => Assert.EndsWith("02034D7F", listener.Address, StringComparison.Ordinal));
    }

    // Who follows the redirect form finds a key only while one is advertised (M4.1).
    private static async Task<string> ActivationAsync(JsonObject ready)
    {
        using var handler = new HttpClientHandler { AllowAutoRedirect = false };
        using var http = new HttpClient(handler);
        using var answer = await http.GetAsync(new Uri($"{(string)ready["localUrl"]!}/?activationRegion=here"));
        return $"{answer.Headers.Location}";
    }
}
