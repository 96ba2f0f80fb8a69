using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Tidegate.GatewayAgent.Activation;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Agent.LocalConsole;

public sealed partial class LocalConsoleTests : IAsyncLifetime
{
    private readonly StatusBoard _board = new(new Uri("https://service:8443"), new Uri("https://console.example/activate"), TimeProvider.System);
    private readonly FakeTimeProvider _time = new();
    private readonly TrafficRecorder _traffic;
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private LocalConsoleServer _server = null!;

    public LocalConsoleTests() => _traffic = new TrafficRecorder(_board, _time);

    public async ValueTask InitializeAsync()
    {
        _server = await LocalConsoleServer.StartAsync(
            new IPEndPoint(IPAddress.Loopback, 0),
            new PageSources(_board, _traffic, static () => new DiagnosticsDocument(
                new Dictionary<string, string> { ["State"] = "/x" }, new Dictionary<string, double>(), ["a line"])),
            TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
        _http.BaseAddress = new Uri(_server.Url);
    }

    [Fact]
    public async Task The_key_is_there_while_it_is_advertised_and_gone_afterwards()
    {
        Assert.Equal(HttpStatusCode.Conflict, (await _http.GetAsync("/?activationRegion=eu")).StatusCode);
        _board.ShowKey(new AdvertisedKey("AAAAA-BBBBB", "SHA256:x", TimeProvider.System.GetUtcNow().AddMinutes(30)));
        using var redirect = await _http.GetAsync("/?activationRegion=eu-1&x=y");
        Assert.Equal(HttpStatusCode.Redirect, redirect.StatusCode);
        Assert.Equal("https://console.example/activate?activationRegion=eu-1&activationKey=AAAAA-BBBBB", redirect.Headers.Location!.ToString());
        Assert.Equal("AAAAA-BBBBB", await _http.GetStringAsync("/?activationRegion=eu-1&no_redirect"));
        var status = JsonNode.Parse(await _http.GetStringAsync("/status"))!;
        Assert.Equal(("activating", "AAAAA-BBBBB"), ((string?)status["state"], (string?)status["activation"]!["activationKey"]));

        _board.HideKey();
        Assert.DoesNotContain("AAAAA", await _http.GetStringAsync("/status"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, (await _http.GetAsync("/?activationRegion=eu&no_redirect")).StatusCode);
    }

    [Fact]
    public async Task The_page_is_whole_in_itself_and_its_policy_lets_only_its_own_script_run()
    {
        using var response = await _http.GetAsync("/");
        var html = await response.Content.ReadAsStringAsync();
        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        foreach (Match block in InlineBlock().Matches(html))
        {
            var hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(block.Groups[2].Value)));
            Assert.Contains($"'sha256-{hash}'", policy, StringComparison.Ordinal);
        }
        Assert.Equal(2, InlineBlock().Count(html));
        Assert.DoesNotContain("src=\"http", html, StringComparison.Ordinal);
        Assert.DoesNotContain(" onclick=", html, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
    }

    [Fact]
    public async Task A_foreign_host_name_gets_nothing()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/status");
        request.Headers.Host = "evil.example";
        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await _http.SendAsync(request)).StatusCode);
        using var local = new HttpRequestMessage(HttpMethod.Get, "/status");
        local.Headers.Host = "localhost:1234";
        Assert.Equal(HttpStatusCode.OK, (await _http.SendAsync(local)).StatusCode);
    }

    [Fact]
    public async Task Nothing_can_be_changed_through_it()
    {
        foreach (var path in new[] { "/", "/status", "/events", "/traffic", "/diagnostics" })
            Assert.Equal(HttpStatusCode.MethodNotAllowed, (await _http.PostAsync(path, null)).StatusCode);
    }

    [Fact]
    public async Task Events_follow_the_board_and_the_volumes()
    {
        using var response = await _http.GetAsync("/events", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal("starting", (string?)(await NextAsync(reader))["state"]);
        _board.SetState(AgentState.Connecting);
        Assert.Equal("connecting", (string?)(await NextAsync(reader))["state"]);
        _board.ReadVolumesFrom(static () => [new NamedVolumeStatus("data", new VolumeStatus("vol-1", VolumeRunState.Restoring, "", 1, 2.5, [], 3, 4))]);
        var volume = (await NextAsync(reader))["volumes"]![0]!;
        Assert.Equal(("data", "restoring", 2.5), ((string?)volume["name"], (string?)volume["status"]!["state"], (double)volume["status"]!["recoveryPointAgeSeconds"]!));
    }

    [Fact]
    public async Task Whoever_opens_the_page_sees_the_throughput_of_the_past_and_then_every_sample()
    {
        var written = 0L;
        _board.ReadVolumesFrom(() => [Served(Volatile.Read(ref written))]);
        // What came before the first sample counts too.
        Sample(400);
        Sample(2_400);
        using var response = await _http.GetAsync("/events", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal([200, 1_000], Written(await NextAsync(reader, "past")));
        Sample(6_400);
        Assert.Equal([2_000], Written(await NextAsync(reader, "traffic")));
        Assert.Equal([200, 1_000, 2_000], Written(JsonNode.Parse(await _http.GetStringAsync("/traffic"))!));

        void Sample(long total)
        {
            Volatile.Write(ref written, total);
            _time.Advance(TrafficRecorder.Interval);
            _traffic.Sample();
        }
    }

    [Fact]
    public async Task Idle_connections_shut_nobody_out()
    {
        using var response = await _http.GetAsync("/events", HttpCompletionOption.ResponseHeadersRead);
        List<System.Net.Sockets.TcpClient> idle = [];
        try
        {
            for (var i = 0; i < 80; i++)
            {
                idle.Add(new System.Net.Sockets.TcpClient());
                await idle[^1].ConnectAsync(IPAddress.Loopback, new Uri(_server.Url).Port);
            }
            using var http = new HttpClient();
            Assert.Contains("starting", await http.GetStringAsync(_server.Url + "/status"), StringComparison.Ordinal);
            // The oldest made room, though not the one that a request goes on over.
            await Assert.ThrowsAsync<IOException>(() => idle[0].GetStream().ReadAsync(new byte[1]).AsTask().OrHungAsync());
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            Assert.Equal("starting", (string?)(await NextAsync(reader))["state"]);
        }
        finally
        {
            idle.ForEach(static i => i.Dispose());
        }
    }

    [Fact]
    public async Task Diagnostics_hold_settings_metrics_and_log_lines()
    {
        var diagnostics = JsonNode.Parse(await _http.GetStringAsync("/diagnostics"))!;
        Assert.Equal("/x", (string?)diagnostics["settings"]!["State"]);
        Assert.Equal("a line", (string?)diagnostics["log"]![0]);
    }

    [Fact]
    public void The_ready_file_is_whole_and_its_owners_alone()
    {
        var folder = Directory.CreateTempSubdirectory("tidegate-ready-");
        try
        {
            var path = Path.Combine(folder.FullName, "ready.json");
            var file = new ReadyFile(path, "http://127.0.0.1:1");
            _board.SetNbdUri("nbd://127.0.0.1:10809/");
            _board.ShowKey(new AdvertisedKey("AAAAA-BBBBB", "SHA256:x", TimeProvider.System.GetUtcNow()));
            file.Update(_board.Current);
            var ready = JsonNode.Parse(File.ReadAllText(path))!;
            Assert.Equal(Environment.ProcessId, (int)ready["pid"]!);
            Assert.Equal(("nbd://127.0.0.1:10809/", "http://127.0.0.1:1", "AAAAA-BBBBB"), ((string?)ready["nbdUri"], (string?)ready["localUrl"], (string?)ready["activationKey"]));
            Assert.Null(ready["gatewayId"]);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            file.Remove();
            Assert.False(File.Exists(path));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    private static NamedVolumeStatus Served(long written) => new("data", new VolumeStatus("vol-1", VolumeRunState.Shadowing, "", 0, 0, [], 4, 4))
    {
        Traffic = new VolumeTraffic(0, written, 0, 1 << 20),
    };

    private static IEnumerable<long> Written(JsonNode traffic) => traffic["volumes"]!["vol-1"]!["written"]!.AsArray().Select(static v => (long)v!);

    private static async Task<JsonNode> NextAsync(StreamReader reader, string name = "message")
    {
        var found = "message";
        while (await reader.ReadLineAsync().OrHungAsync() is { } line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal)) found = line["event: ".Length..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal) && found == name) return JsonNode.Parse(line["data: ".Length..])!;
            else if (line.Length == 0) found = "message";
        }
        throw new InvalidOperationException("The events ended.");
    }

    [GeneratedRegex("<(style|script)>(.*?)</\\1>", RegexOptions.Singleline)]
    private static partial Regex InlineBlock();
}
