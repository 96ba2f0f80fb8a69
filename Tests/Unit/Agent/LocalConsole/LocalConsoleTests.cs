using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.GatewayAgent.Activation;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.Grains.Interfaces.Gateways;
using Xunit;

namespace Tidegate.Tests.Unit.Agent.LocalConsole;

public sealed partial class LocalConsoleTests : IAsyncLifetime
{
    private readonly StatusBoard _board = new(new Uri("https://service:8443"), new Uri("https://console.example/activate"), TimeProvider.System);
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private LocalConsoleServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await LocalConsoleServer.StartAsync(
            new IPEndPoint(IPAddress.Loopback, 0), _board, new Uri("https://console.example/activate"), TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
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
        foreach (var path in new[] { "/", "/status", "/events" })
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

    private static async Task<JsonNode> NextAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal)) return JsonNode.Parse(line["data: ".Length..])!;
        }
        throw new InvalidOperationException("The events ended.");
    }

    [GeneratedRegex("<(style|script)>(.*?)</\\1>", RegexOptions.Singleline)]
    private static partial Regex InlineBlock();
}
