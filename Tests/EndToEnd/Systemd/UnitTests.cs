using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Tidegate.Tests.Kit.Processes;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Systemd;

/// <summary>The unit is one that systemd takes, locks the agent in, and the agent speaks with it.</summary>
public sealed partial class UnitTests : IDisposable
{
    private const string Unit = "tidegate-agent.service";
    private readonly string _folder = Directory.CreateTempSubdirectory("tidegate-unit-").FullName;

    [Theory]
    [InlineData("")]
    [InlineData("block-device.conf")]
    [InlineData("nbd-tls.conf")]
    public async Task The_unit_is_sound_and_locks_the_agent_in(string dropIn)
    {
        var source = Path.Combine(Repository.Root, "infra", "systemd");
        var unit = Path.Combine(_folder, Unit);
        var text = await File.ReadAllTextAsync(Path.Combine(source, Unit));
        // What is not installed here cannot be verified to be there.
        await File.WriteAllTextAsync(unit, text.Replace("/usr/lib/tidegate-agent/tidegate-agent run", Repository.Program("GatewayAgent") + " run", StringComparison.Ordinal)
            .Replace("Documentation=file:/usr/share/doc/tidegate-agent/agent.md", $"Documentation=file:{Path.Combine(Repository.Root, "docs/operating/agent.md")}", StringComparison.Ordinal));
        if (dropIn.Length > 0)
        {
            Directory.CreateDirectory(unit + ".d");
            File.Copy(Path.Combine(source, "examples", dropIn), Path.Combine(unit + ".d", dropIn));
        }
        var verified = await ProgramRunner.RunAsync(Repository.Tool("systemd-analyze"), ["verify", "--man=no", unit]);
        Assert.True(verified.ExitCode == 0 && !OfOurs().IsMatch(verified.Errors), verified.Errors);
        if (dropIn.Length > 0) return;
        // 2.0: "OK" in its words; nothing that this agent can do without is missing.
        var security = await ProgramRunner.RunAsync(Repository.Tool("systemd-analyze"), ["security", "--offline=true", "--threshold=20", unit]);
        Assert.True(security.ExitCode == 0, security.Output + security.Errors);
    }

    [Fact]
    public async Task The_agent_says_when_it_is_ready_that_it_lives_and_when_it_stops()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        var address = Path.Combine(_folder, "notify");
        socket.Bind(new UnixDomainSocketEndPoint(address));
        // A program knows that it is a service by its parent's name.
        var manager = Path.Combine(_folder, "systemd");
        File.Copy("/bin/sh", manager);
        var ready = Path.Combine(_folder, "ready.json");
        var state = Path.Combine(_folder, "state");
        await using var agent = ManagedProcess.Start(
            "agent", manager,
            ["-c", "\"$0\" \"$@\"; exit $?", Repository.Program("GatewayAgent"), "run", "--state", state, "--service", "https://127.0.0.1:1", "--ca", CaFile(), "--nbd", "127.0.0.1:0", "--local", "127.0.0.1:0", "--ready-file", ready],
            Path.Combine(_folder, "log"), ready, new Dictionary<string, string> { ["NOTIFY_SOCKET"] = address, ["WATCHDOG_USEC"] = "400000" });
        var heard = new List<string>();
        await UntilAsync("READY=1");
        Assert.True(File.Exists(ready));
        await UntilAsync("STATUS=Activating; 0 volumes; 0 MiB not yet at the service");
        for (var i = 0; i < 3; i++) await UntilAsync("WATCHDOG=1");
        var pid = (int)System.Text.Json.Nodes.JsonNode.Parse(await File.ReadAllTextAsync(ready))!["pid"]!;
        (await ProgramRunner.RunAsync("/bin/kill", ["-TERM", $"{pid}"])).Succeeded();
        await UntilAsync("STOPPING=1");
        await Eventually.TrueAsync("the agent has ended", () => Task.FromResult(agent.HasExited));

        async Task UntilAsync(string message)
        {
            var buffer = new byte[4096];
            while (true)
            {
                var said = Encoding.UTF8.GetString(buffer, 0, await socket.ReceiveAsync(buffer).OrHungAsync());
                heard.Add(said);
                if (said.Split('\n').Contains(message)) return;
                Assert.True(heard.Count < 200, string.Join('\n', heard));
            }
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string CaFile()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256).CreateSelfSigned(TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow().AddHours(1));
        var file = Path.Combine(_folder, "ca.pem");
        File.WriteAllText(file, certificate.ExportCertificatePem());
        return file;
    }

    // Machines have other units, with faults of their own.
    [GeneratedRegex(@"tidegate-agent\.service(\.d/\S+)?:\d+|tidegate-agent\.service: ", RegexOptions.IgnoreCase)]
    private static partial Regex OfOurs();
}
