using Tidegate.Tests.EndToEnd.LocalPage;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Console;

/// <summary>The console in a real browser, with a real silo and agent. Pictures are left in <c>artifacts/page</c>.</summary>
public sealed class ConsoleTests
{
    [Fact]
    public async Task From_the_agents_page_through_activation_and_a_snapshot_to_a_restored_volume()
    {
        await using var site = await ConsoleSite.StartAsync();
        var browser = site.Browser;
        await browser.ShowAsAsync(1180, 900, dark: false);
        await site.FollowToActivationAsync();
        await site.LookAsync("sign-in", phone: true, dark: true);
        await site.SignInAsync();
        await site.HeadingAsync("Activate a gateway");
        var shown = (string)(await browser.EvaluateAsync("document.querySelector('#fingerprint').textContent"))!;
        Assert.Equal((string)(await site.Deployment.LocalStatusAsync(ConsoleSite.Agent))["activation"]!["keyFingerprint"]!, shown);
        await site.LookAsync("activate", phone: false, dark: false);
        await site.FillAsync(("name", "office"), ("timeZone", "Europe/Zurich"));
        await site.PressAsync("Activate the gateway");
        await site.HeadingAsync("office");
        await browser.UntilAsync("document.querySelector('[data-live] .pill').textContent === 'Connected'");

        await site.PressAsync("Create a volume");
        await site.HeadingAsync("Create a volume");
        await site.FillAsync(("name", "data"), ("size", "64"), ("unit", "MiB"));
        await site.PressAsync("Create the volume");
        await site.HeadingAsync("data");
        await browser.UntilAsync("document.querySelector('[data-live] .pill').textContent === 'Shadowing'");
        (await site.Deployment.QemuIoAsync(ConsoleSite.Agent, "data", "write -P 7 0 4M", "flush")).Succeeded();
        await site.FillAsync(("description", "before <b>the</b> change"));
        await site.PressAsync("Take a snapshot");
        await site.HeadingAsync("Snapshot of data");
        await browser.UntilAsync("document.querySelector('[data-live] .pill').textContent === 'Completed'");
        await site.LookAsync("snapshot", phone: true, dark: false);
        (await site.Deployment.QemuIoAsync(ConsoleSite.Agent, "data", "write -P 9 0 4M", "flush")).Succeeded();

        await site.PressAsync("Restore to a new volume");
        await site.HeadingAsync("Restore to a new volume");
        await site.FillAsync(("name", "restored"));
        await site.PressAsync("Restore to this volume");
        await site.HeadingAsync("restored");
        await browser.UntilAsync("['Restoring', 'Shadowing'].includes(document.querySelector('[data-live] .pill').textContent)");
        (await site.Deployment.QemuIoAsync(ConsoleSite.Agent, "restored", "read -P 7 0 4M")).Succeeded();
        await site.LookAsync("volume", phone: false, dark: true);

        // From another site, the browser withholds the cookie at first: the session is found all the same.
        await browser.NavigateAsync((string)site.AgentReady["localUrl"]!);
        await browser.RunAsync($"location.href = '{site.Url}/snapshots'");
        await site.HeadingAsync("Snapshots");
        await browser.RunAsync("document.querySelector('tbody a').click()");
        await site.HeadingAsync("Snapshot of data");
        await site.PressAsync("Delete");
        await site.HeadingAsync("Delete a snapshot");
        Assert.Matches("That frees (at least )?[0-9.]+ [KMG]?i?B of stored data", (string)(await browser.EvaluateAsync("document.querySelector('main form').textContent"))!);
        await site.PressAsync("Delete the snapshot");
        await site.HeadingAsync("Snapshots");
        await browser.UntilAsync("document.querySelector('.notice.good')?.textContent.includes('deleted')");
        Assert.Equal(0, (int)(await browser.EvaluateAsync("document.querySelectorAll('main b').length"))!);
    }

    /// <summary>Every page, wide and on a phone, light and dark, by axe's rules and for people to look at.</summary>
    [Fact(Explicit = true)]
    public async Task Every_page_looks_right_in_every_way()
    {
        await using var site = await ConsoleSite.StartAsync();
        await site.Browser.ShowAsAsync(1180, 900, dark: false);
        await site.FollowToActivationAsync();
        await site.Browser.LookAllWaysAsync("console-sign-in");
        await site.FillAsync(("name", ConsoleSite.User), ("password", "not the password"));
        await site.PressAsync("Sign in");
        await site.Browser.UntilAsync("document.querySelector('[role=alert]')");
        // The browser notes the refusal.
        await site.Browser.ComplaintsAsync();
        await site.Browser.LookAllWaysAsync("console-refused");
        await site.SignInAsync();
        await site.HeadingAsync("Activate a gateway");
        await site.Browser.LookAllWaysAsync("console-activate");
        await site.GoAsync("/gateways");
        await site.Browser.LookAllWaysAsync("console-empty");
        await site.GoAsync("/activate?activationKey=" + (string)site.AgentReady["activationKey"]!);
        await site.FillAsync(("name", "office"));
        await site.PressAsync("Activate the gateway");
        await site.HeadingAsync("office");
        await site.Browser.UntilAsync("document.querySelector('[data-live] .pill').textContent === 'Connected'");
        var gateway = (string)(await site.Browser.EvaluateAsync("location.pathname.split('/')[2]"))!;
        var volume = await site.Deployment.VolumeAsync(gateway, "data");
        await site.Deployment.VolumeAsync(gateway, "a-volume-with-a-name-that-is-as-long-as-names-may-be-in-here-63");
        (await site.Deployment.QemuIoAsync(ConsoleSite.Agent, "data", "write -P 7 0 40M", "flush")).Succeeded();
        await site.Deployment.CliOkAsync("snapshots", "create", "data", "--description", "before the change of the year", "--wait");
        (await site.Deployment.QemuIoAsync(ConsoleSite.Agent, "data", "write -P 8 0 4M", "flush")).Succeeded();
        await site.Deployment.DrainedAsync(gateway);
        var snapshot = (string)(await site.Deployment.CliOkAsync("snapshots", "create", "data", "--wait"))["snapshotId"]!;
        foreach (var (name, path) in new[]
        {
            ("gateways", "/gateways"), ("gateway", "/gateways/" + gateway), ("deactivate", $"/gateways/{gateway}/deactivate"), ("volumes", "/volumes"), ("volume", "/volumes/" + volume),
            ("new-volume", "/volumes/new"), ("restore", "/volumes/new?snapshot=" + snapshot), ("snapshots", "/snapshots"), ("snapshot", "/snapshots/" + snapshot),
            ("delete-snapshot", $"/snapshots/{snapshot}/delete"), ("events", "/events"), ("keys", "/keys"), ("profile", "/profile"), ("type-key", "/activate"),
        })
        {
            await site.GoAsync(path);
            await site.Browser.UntilAsync("document.readyState === 'complete'");
            await site.Browser.LookAllWaysAsync("console-" + name);
        }

        await site.GoAsync("/keys");
        await site.FillAsync(("label", "nightly report"));
        await site.PressAsync("Make the key");
        await site.HeadingAsync("New API key");
        await site.Browser.LookAllWaysAsync("console-new-key");
    }
}
