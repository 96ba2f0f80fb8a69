using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace Tidegate.Tests.Cluster.Silo;

/// <summary>Every TLS port of a silo as testssl.sh sees it: TLS 1.3 alone where agents link, and no weakness anywhere (M3.4).</summary>
public sealed class TlsScanTests : IAsyncLifetime
{
    private const string Tool = "/usr/bin/testssl";
    private static readonly string[] OlderThan12 = ["SSLv2", "SSLv3", "TLS1", "TLS1_1"];
    private readonly string _directory = Directory.CreateTempSubdirectory("tg-tls-").FullName;
    private SiloUnderTest _silo = null!;

    public async ValueTask InitializeAsync() =>
        _silo = await SiloUnderTest.StartAsync(new Dictionary<string, string?>
        {
            ["Tidegate:State:Directory"] = Path.Combine(_directory, "state"),
            ["Tidegate:Listeners:Console"] = "127.0.0.1:0",
        });

    public async ValueTask DisposeAsync()
    {
        await _silo.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory(Explicit = true), InlineData("api"), InlineData("console"), InlineData("agents"), InlineData("link")]
    public async Task No_port_offers_anything_weak(string port)
    {
        Assert.SkipUnless(File.Exists(Tool), "testssl.sh is not installed; on Debian: ./dev deps.");
        var target = port switch
        {
            "api" => new Uri(_silo.Ready.ApiUrl).Authority,
            "console" => new Uri(_silo.Ready.ConsoleUrl!).Authority,
            "agents" => new Uri(_silo.Ready.AgentsUrl).Authority,
            _ => _silo.Ready.LinkEndpoint,
        };
        var findings = await ScanAsync(target, Path.Combine(_directory, port + ".json"));
        var protocols = findings.Where(static finding => finding.Id is "SSLv2" or "SSLv3" or "TLS1" or "TLS1_1" or "TLS1_2" or "TLS1_3").ToDictionary(static finding => finding.Id, static finding => finding.Text);
        Assert.All(OlderThan12, old => Assert.StartsWith("not offered", protocols[old], StringComparison.Ordinal));
        Assert.StartsWith("offered", protocols["TLS1_3"], StringComparison.Ordinal);
        if (port == "link") Assert.StartsWith("not offered", protocols["TLS1_2"], StringComparison.Ordinal);
        var weak = string.Join('\n', findings.Where(static finding => finding.Severity is "LOW" or "MEDIUM" or "HIGH" or "CRITICAL" or "FATAL"));
        Assert.True(weak.Length == 0, $"{target}:\n{weak}");
    }

    private static async Task<IReadOnlyList<Finding>> ScanAsync(string target, string report)
    {
        // Protocols, ciphers, forward secrecy, the server's preferences and the known attacks; the private CA is no weakness.
        using var scan = Process.Start(new ProcessStartInfo(Tool)
        {
            ArgumentList = { "--quiet", "--color", "0", "--warnings", "off", "--ip", "one", "--protocols", "--std", "--fs", "--server-preference", "--vulnerable", "--jsonfile", report, target },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        })!;
        scan.StandardInput.Close();
        var (output, errors) = (scan.StandardOutput.ReadToEndAsync(), scan.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        await scan.WaitForExitAsync(limit.Token);
        TestContext.Current.TestOutputHelper?.WriteLine(await output + await errors);
        using var document = JsonDocument.Parse(await File.ReadAllTextAsync(report));
        return [.. document.RootElement.EnumerateArray().Select(static entry => new Finding(
            entry.GetProperty("id").GetString()!, entry.GetProperty("severity").GetString()!, entry.GetProperty("finding").GetString()!))];
    }

    private sealed record Finding(string Id, string Severity, string Text);
}
