using System.Text.Json;
using System.Text.Json.Nodes;
using Tidegate.Tests.EndToEnd.LocalPage;
using Tidegate.Tests.Kit.Browsers;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Console;

/// <summary>A service, an agent that waits to be activated, a user, and a browser at the agent's page.</summary>
internal sealed class ConsoleSite : IAsyncDisposable
{
    public const string Agent = "site";
    public const string User = "anna";

    private readonly Deployment _deployment;

    private ConsoleSite(Deployment deployment, ChromiumBrowser browser) => (_deployment, Browser) = (deployment, browser);

    public ChromiumBrowser Browser { get; }

    public Deployment Deployment => _deployment;

    public string Url => _deployment.SiloReady(0, "consoleUrl");

    public string Password { get; private set; } = "";

    public JsonObject AgentReady { get; private set; } = [];

    public static async Task<ConsoleSite> StartAsync()
    {
        var browser = ChromiumBrowser.StartAsync();
        var deployment = await Deployment.StartAsync();
        var site = new ConsoleSite(deployment, await browser);
        try
        {
            site.Password = (string)(await deployment.CliOkAsync("users", "create", User, "--role", "accountAdmin", "--generate"))["password"]!;
            site.AgentReady = await deployment.StartAgentAsync(Agent, static ready => ready["activationKey"] is not null);
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    /// <summary>From the agent's page to the confirmation, with the sign-in between.</summary>
    public async Task FollowToActivationAsync()
    {
        await Browser.NavigateAsync((string)AgentReady["localUrl"]!);
        await Browser.UntilAsync("document.querySelector('#fingerprint')?.textContent.startsWith('SHA256:')");
        await Browser.RunAsync("document.querySelector('#activation a.button').click()");
        await HeadingAsync("Sign in");
    }

    public async Task SignInAsync()
    {
        await FillAsync(("name", User), ("password", Password));
        await PressAsync("Sign in");
    }

    /// <summary>Waits for a page by its heading, loaded and with its script run.</summary>
    public async Task HeadingAsync(string heading)
    {
        await Browser.UntilAsync($"document.readyState === 'complete' && document.querySelector('h1')?.textContent === {JsonSerializer.Serialize(heading)}");
        Assert.Empty(await Browser.ComplaintsAsync());
    }

    public Task FillAsync(params (string Name, string Value)[] fields) => Browser.RunAsync(string.Concat(fields.Select(static field =>
        $"document.querySelector('main [name={field.Name}]').value = {JsonSerializer.Serialize(field.Value)};")));

    /// <summary>Presses a button, or follows a link, by its text.</summary>
    public Task PressAsync(string text) => Browser.RunAsync(
        $"[...document.querySelectorAll('main button, main a')].find(one => one.textContent === {JsonSerializer.Serialize(text)}).click()");

    public Task GoAsync(string path) => Browser.NavigateAsync(Url + path);

    public Task LookAsync(string name, bool phone, bool dark) => Browser.LookAsync("console-" + name, phone, dark);

    public async ValueTask DisposeAsync()
    {
        await Browser.DisposeAsync();
        await _deployment.DisposeAsync();
    }
}
