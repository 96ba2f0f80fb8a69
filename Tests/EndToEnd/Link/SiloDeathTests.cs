using Tidegate.Client.Rest;
using Tidegate.Tests.Kit.Processes;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Link;

/// <summary>Two silos as processes: whichever dies, the agent is back within ten seconds and answers over its one connection (M1.4, M1.9).</summary>
public sealed class SiloDeathTests
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(10);

    /// <summary>Every run shows that the gateway comes back; that it takes ten seconds at most, on a machine that is left alone, <c>./dev test --full</c>.</summary>
    public static IEnumerable<TheoryDataRow<bool>> Timed => [new(false), new(true) { Explicit = true }];

    [Theory, MemberData(nameof(Timed))]
    public async Task M1_9_A_gateway_is_back_within_ten_seconds_of_the_death_of_any_silo(bool isTimed)
    {
        var backWithin = isTimed ? Promised : Hanging.Limit;
        await using var deployment = await Deployment.StartAsync(silos: 2);
        var gateway = await deployment.ActivatedAgentAsync("site");
        foreach (var asked in new[] { 0, 1 }) await AnsweredAsync(deployment, gateway, asked, Hanging.Limit);

        // The silo without the connection; the gateway's grain may have been there.
        var holder = await HolderAsync(deployment);
        var other = 1 - holder;
        await deployment.EndSiloAsync(other);
        await AnsweredAsync(deployment, gateway, holder, backWithin);
        Assert.Equal(holder, await HolderAsync(deployment));
        await deployment.StartSiloAsync(other);
        await AnsweredAsync(deployment, gateway, other, Hanging.Limit);

        // The silo with both the connection and the grain.
        await deployment.EndSiloAsync(holder);
        await AnsweredAsync(deployment, gateway, other, backWithin);
        Assert.Equal(other, await HolderAsync(deployment));
        await deployment.StartSiloAsync(holder);
        await AnsweredAsync(deployment, gateway, holder, Hanging.Limit);

        // A silo that is told to stop takes no time to be replaced.
        await deployment.EndSiloAsync(other, inOrder: true);
        await AnsweredAsync(deployment, gateway, holder, backWithin);
        Assert.Equal(holder, await HolderAsync(deployment));
        var shown = await deployment.CliOkAsync(
            "gateways", "describe", gateway, "--live", "--api", deployment.SiloReady(holder, "apiUrl"), "--ca", deployment.CaFile);
        Assert.Equal(gateway, (string?)shown["gatewayId"]);

        // An agent that starts while the silo that it is pointed at is dead knows where else to ask.
        if (holder == 0)
        {
            await deployment.StartSiloAsync(1);
            await deployment.EndSiloAsync(0);
        }

        await deployment.EndAgentAsync("site");
        await deployment.StartAgentAsync("site");
        await AnsweredAsync(deployment, gateway, 1, Hanging.Limit);
    }

    /// <summary>The gateway answers for itself to whoever asks that silo.</summary>
    private static async Task AnsweredAsync(Deployment deployment, string gateway, int silo, TimeSpan within)
    {
        using var client = new TidegateRestClient(new RestClientOptions
        {
            Endpoint = new Uri(deployment.SiloReady(silo, "apiUrl")),
            CaFile = deployment.CaFile,
            ApiKey = deployment.ApiKey,
            MaxAttempts = 1,
        });
        try
        {
            await Eventually.TrueAsync($"the gateway answers by way of silo {silo}", async () => (await client.GetGatewayAsync(gateway, live: true)).Live is not null, within);
        }
        catch (TimeoutException late)
        {
            throw new InvalidOperationException(
                $"{late.Message}\n{late.InnerException?.Message}\nagent:\n{deployment.Agent("site").LogTail()}\nsilo {silo}:\n{deployment.Silos(silo).LogTail()}", late);
        }
    }

    /// <summary>The silo that the agent's connection leads to: the only connection that its process has to any link port.</summary>
    private static async Task<int> HolderAsync(Deployment deployment)
    {
        var ports = new[] { 0, 1 }.Select(silo => (Silo: silo, Port: int.Parse(deployment.SiloReady(silo, "linkEndpoint").Split(':')[^1], null))).ToArray();
        var holder = -1;
        await Eventually.TrueAsync("the agent has exactly one connection", async () =>
        {
            var connected = (await EstablishedAsync(deployment.Agent("site").Id)).SelectMany(port => ports.Where(link => link.Port == port)).ToArray();
            if (connected.Length == 1) holder = connected[0].Silo;
            return connected.Length == 1;
        });
        return holder;
    }

    /// <summary>Remote ports of the process's established TCP connections, from the kernel.</summary>
    private static async Task<IReadOnlyList<int>> EstablishedAsync(int process)
    {
        const string Established = "01";
        var sockets = new DirectoryInfo($"/proc/{process}/fd").EnumerateFileSystemInfos().Select(entry => entry.LinkTarget).ToHashSet();
        var lines = new List<string>();
        foreach (var table in new[] { "tcp", "tcp6" }) lines.AddRange((await File.ReadAllLinesAsync($"/proc/{process}/net/{table}")).Skip(1));
        return [.. lines.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields[3] == Established && sockets.Contains($"socket:[{fields[9]}]"))
            .Select(fields => Convert.ToInt32(fields[2].Split(':')[^1], 16))];
    }
}
