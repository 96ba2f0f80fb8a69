using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Tidegate.Tests.Kit.Processes;
using Tidegate.Tests.Kit.Time;

namespace Tidegate.Tests.Kit.Browsers;

/// <summary>
/// A headless Chromium driven by the W3C WebDriver protocol, with a profile of its own that goes away with it. Reaches nothing but what a test
/// navigates to.
/// </summary>
public sealed partial class ChromiumBrowser : IAsyncDisposable
{
    private const int LeastHeight = 400;
    private const int StartAttempts = 10;
    private readonly Process _driver;
    private readonly HttpClient _http;
    private readonly string _profile;
    private string _session = "";

    private ChromiumBrowser(Process driver, string port, string profile)
    {
        (_driver, _profile) = (driver, profile);
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri("http://127.0.0.1:" + port), Timeout = Hanging.Limit };
    }

    /// <summary>Starts driver and browser.</summary>
    public static async Task<ChromiumBrowser> StartAsync()
    {
        var (driver, port) = await StartDriverAsync();
        var browser = new ChromiumBrowser(driver, port, Directory.CreateTempSubdirectory("tidegate-chromium-").FullName);
        try
        {
            await browser.OpenAsync();
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>The driver takes a free port of one address family and wants the same of the other: where somebody has that, it ends.</summary>
    private static async Task<(Process Driver, string Port)> StartDriverAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            var driver = Process.Start(new ProcessStartInfo(Repository.Tool("chromedriver"), ["--port=0"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var errors = driver.StandardError.ReadToEndAsync();
            while (await driver.StandardOutput.ReadLineAsync().OrHungAsync() is { } line)
            {
                if (StartedOn().Match(line) is not { Success: true } match) continue;
                // What it says from here on is nobody's, and must not fill the pipe.
                _ = driver.StandardOutput.ReadToEndAsync();
                return (driver, match.Groups[1].Value);
            }
            driver.Dispose();
            if (attempt == StartAttempts) throw new InvalidOperationException($"The browser's driver does not start: {await errors}");
        }
    }

    /// <summary>Size of the page in pixels and the colour scheme that it is told people want.</summary>
    public async Task ShowAsAsync(int width, int height, bool dark)
    {
        await DevToolsAsync("Emulation.setDeviceMetricsOverride", new JsonObject { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = width < 600 });
        await DevToolsAsync("Emulation.setEmulatedMedia", new JsonObject
        {
            ["features"] = new JsonArray(
                new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = dark ? "dark" : "light" },
                new JsonObject { ["name"] = "prefers-reduced-motion", ["value"] = "reduce" }),
        });
    }

    public Task NavigateAsync(string url) => CommandAsync(HttpMethod.Post, "url", new JsonObject { ["url"] = url });

    /// <summary>Value of a JavaScript expression on the page; promises are awaited.</summary>
    public Task<JsonNode?> EvaluateAsync(string expression) => CommandAsync(
        HttpMethod.Post, "execute/sync", new JsonObject { ["script"] = $"return ({expression});", ["args"] = new JsonArray() });

    /// <summary>Runs a script on the page, for its effects.</summary>
    public Task RunAsync(string script) => CommandAsync(HttpMethod.Post, "execute/sync", new JsonObject { ["script"] = script, ["args"] = new JsonArray() });

    /// <summary>Waits until an expression is true on the page.</summary>
    public Task UntilAsync(string expression) => Eventually.TrueAsync(expression, async () => (await EvaluateAsync($"Boolean({expression})"))!.GetValue<bool>());

    /// <summary>Presses the tabulator key.</summary>
    public async Task PressTabAsync() => await CommandAsync(HttpMethod.Post, "actions", new JsonObject
    {
        ["actions"] = new JsonArray(new JsonObject
        {
            ["type"] = "key",
            ["id"] = "keys",
            ["actions"] = new JsonArray(new JsonObject { ["type"] = "keyDown", ["value"] = "\uE004" }, new JsonObject { ["type"] = "keyUp", ["value"] = "\uE004" }),
        }),
    });

    /// <summary>A picture of the whole page, PNG, in <c>artifacts/page</c>.</summary>
    public async Task<string> PictureAsync(string name, int width, bool dark)
    {
        // A page is never less high than the window.
        await ShowAsAsync(width, LeastHeight, dark);
        var height = (await EvaluateAsync("document.documentElement.scrollHeight"))!.GetValue<int>();
        await ShowAsAsync(width, height, dark);
        var picture = (await CommandAsync(HttpMethod.Get, "screenshot", null))!.GetValue<string>();
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts", "page")).FullName, name + ".png");
        await File.WriteAllBytesAsync(path, Convert.FromBase64String(picture));
        return path;
    }

    /// <summary>What the browser complained of since the last call: script errors, breaches of the content security policy.</summary>
    public async Task<IReadOnlyList<string>> ComplaintsAsync() =>
        [.. (await CommandAsync(HttpMethod.Post, "se/log", new JsonObject { ["type"] = "browser" }))!.AsArray().Select(static entry => (string)entry!["message"]!)];

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_session.Length > 0) await CommandAsync(HttpMethod.Delete, "", null);
        }
        finally
        {
            _http.Dispose();
            _driver.Kill(entireProcessTree: true);
            await _driver.WaitForExitAsync();
            _driver.Dispose();
            await Eventually.TrueAsync("the browser's profile is gone", () =>
            {
                Directory.Delete(_profile, recursive: true);
                return Task.FromResult(true);
            });
        }
    }

    private async Task OpenAsync()
    {
        var arguments = new[]
        {
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--hide-scrollbars", "--disable-dev-shm-usage", "--user-data-dir=" + _profile,
        };
        var session = await CommandAsync(HttpMethod.Post, "", new JsonObject
        {
            ["capabilities"] = new JsonObject
            {
                ["alwaysMatch"] = new JsonObject
                {
                    ["browserName"] = "chrome",
                    // Test services have a certificate authority of their own, which no browser knows.
                    ["acceptInsecureCerts"] = true,
                    ["goog:loggingPrefs"] = new JsonObject { ["browser"] = "ALL" },
                    ["goog:chromeOptions"] = new JsonObject
                    {
                        ["binary"] = Repository.Tool("chromium"),
                        ["args"] = new JsonArray([.. arguments.Select(static a => (JsonNode)a)]),
                    },
                },
            },
        });
        _session = (string)session!["sessionId"]!;
    }

    private Task DevToolsAsync(string command, JsonObject parameters) =>
        CommandAsync(HttpMethod.Post, "goog/cdp/execute", new JsonObject { ["cmd"] = command, ["params"] = parameters });

    private async Task<JsonNode?> CommandAsync(HttpMethod method, string path, JsonObject? body)
    {
        var address = _session.Length == 0 ? "/session" : $"/session/{_session}" + (path.Length > 0 ? "/" + path : "");
        // With its length told: the driver takes no chunks.
        using var request = new HttpRequestMessage(method, address) { Content = body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
        using var response = await _http.SendAsync(request);
        var value = (await response.Content.ReadFromJsonAsync<JsonObject>())!["value"];
        return response.IsSuccessStatusCode ? value : throw new InvalidOperationException($"The browser refused {method} {path}: {value?["message"]}");
    }

    [GeneratedRegex("started successfully on port (\\d+)")]
    private static partial Regex StartedOn();
}
