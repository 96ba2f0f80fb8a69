using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Browsers;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.LocalPage;

/// <summary>The local page in a real browser. Pictures are left in <c>artifacts/page</c>.</summary>
public sealed class PageTests : IAsyncLifetime
{
    private ChromiumBrowser _browser = null!;

    public async ValueTask InitializeAsync() => _browser = await ChromiumBrowser.StartAsync();

    public ValueTask DisposeAsync() => _browser.DisposeAsync();

    [Fact]
    public async Task The_page_of_a_real_agent_from_its_activation_to_its_end_and_after()
    {
        await using var deployment = await Deployment.StartAsync();
        var ready = await deployment.StartAgentAsync("page", static r => r["activationKey"] is not null);
        var (key, url) = ((string)ready["activationKey"]!, (string)ready["localUrl"]!);
        await _browser.ShowAsAsync(1180, 900, dark: false);
        await _browser.NavigateAsync(url);
        await _browser.UntilAsync("document.getElementById('key').textContent === '" + key + "'");
        await _browser.UntilAsync("/Shown for another \\d+ min/.test(document.getElementById('until').textContent)");
        await _browser.LookAsync("activating", phone: true, dark: true);
        await ReachableByKeyboardAsync("A", "Copy key");

        await deployment.CliOkAsync("gateways", "activate", key, "--name", "page", "--time-zone", "UTC");
        await _browser.UntilAsync("document.getElementById('state').textContent === 'Connected'");
        await _browser.UntilAsync("document.getElementById('activation').hidden && !document.body.innerHTML.includes('" + key + "')");
        var gateway = (string)(await deployment.AgentReadyAsync("page", static r => r["gatewayId"] is not null))["gatewayId"]!;
        await deployment.VolumeAsync(gateway, "data");
        await _browser.UntilAsync("document.querySelector('#volumes h3')?.textContent === 'data'");
        // A reader's place outlives the figures that change around it.
        await _browser.RunAsync("document.querySelector('#volumes button').focus()");
        (await deployment.QemuIoAsync("page", "data", "write -P 7 0 24M", "read 0 8M", "flush")).Succeeded();
        await _browser.UntilAsync("/MiB\\/s/.test(document.querySelector('.plot img, .plot svg[role=img]').getAttribute('aria-label'))");
        await _browser.UntilAsync("document.querySelectorAll('.line.written')[1].getAttribute('d').includes('L')");
        Assert.Equal("BUTTON", (string?)await _browser.EvaluateAsync("document.activeElement.tagName"));
        Assert.Equal("Shadowing", (string?)await _browser.EvaluateAsync("document.querySelector('#volumes .pill').textContent"));
        await deployment.DrainedAsync(gateway);
        await _browser.LookAsync("connected", phone: false, dark: true);

        await deployment.EndSiloAsync();
        (await deployment.QemuIoAsync("page", "data", "write -P 9 0 8M", "flush")).Succeeded();
        await _browser.UntilAsync("document.getElementById('service-what').textContent.startsWith('The service cannot be reached now. Local reads and writes go on')");
        await _browser.UntilAsync("/old$/.test(document.getElementById('total-age').textContent)");
        await _browser.LookAsync("service-away", phone: true, dark: false);

        await deployment.EndAgentAsync("page");
        await _browser.UntilAsync("!document.getElementById('lost').hidden");
        Assert.Equal("Agent does not answer", (string?)await _browser.EvaluateAsync("document.getElementById('state').textContent"));
        // The browser says that it lost the connection.
        await _browser.ComplaintsAsync();
        await _browser.PictureAsync("agent-away-wide-light", 1180, dark: false);
        await deployment.StartAgentAsync("page");
        await _browser.UntilAsync("document.getElementById('lost').hidden && document.querySelector('#volumes h3')?.textContent === 'data'");
    }

    [Fact]
    public async Task Every_state_of_a_volume_is_shown_and_what_is_missing_is_a_dash()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var board = new StatusBoard(new Uri("https://service:8443"), new Uri("https://console.example/activate"), time);
        var traffic = new TrafficRecorder(board, time);
        await using var server = await LocalConsoleServer.StartAsync(
            new IPEndPoint(IPAddress.Loopback, 0),
            new PageSources(board, traffic, static () => throw new InvalidOperationException("Nobody asked.")),
            TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
        board.ShowTrouble("The service's certificate is not from its CA.");
        var sample = 0;
        var random = new Random(1);
        long written = 0, read = 0, uploaded = 0;
        var states = Enum.GetValues<VolumeRunState>();
        board.ReadVolumesFrom(() =>
        [
            .. states.Select((state, i) => new NamedVolumeStatus(
                $"volume-{i}-with-a-name-that-is-as-long-as-names-may-be-in-this-place",
                new VolumeStatus($"vol-{i:D20}", state, i % 2 == 0 ? "" : "There is a reason for this state, told in a sentence.", i * 40L << 20, i * 37.5, i == 2 ? ["nbd://127.0.0.1:10809/v"] : [], (long)i << 29, 8L << 30)
                {
                    Since = time.GetUtcNow().AddMinutes(-i),
                    CopiedBytes = 3L << 30,
                    LeftBytes = state is VolumeRunState.Bootstrapping or VolumeRunState.CatchingUp or VolumeRunState.PassThrough ? 1L << 30 : 0,
                    RemainingSeconds = state == VolumeRunState.CatchingUp ? 95 : null,
                    Alarms = state == VolumeRunState.PassThrough ? VolumeAlarms.RecoveryPointOld | VolumeAlarms.LogNearlyFull : VolumeAlarms.None,
                    RecoveryPointObjectiveSeconds = 60,
                })
            {
                Traffic = i == 2 ? new VolumeTraffic(read, written, uploaded, 1 << 30) : null,
            }),
        ]);
        for (; sample < TrafficRecorder.Kept + 5; sample++)
        {
            written += random.Next(0, 200 << 20);
            read += random.Next(0, 60 << 20);
            uploaded += random.Next(0, 90 << 20);
            time.Advance(TrafficRecorder.Interval);
            traffic.Sample();
        }
        await _browser.ShowAsAsync(1180, 900, dark: false);
        await _browser.NavigateAsync(server.Url);
        await _browser.UntilAsync($"document.querySelectorAll('#volumes > li').length === {states.Length}");
        var shown = (await _browser.EvaluateAsync("[...document.querySelectorAll('#volumes .pill')].map(p => p.textContent)"))!.AsArray().Select(static p => (string)p!).ToList();
        Assert.Equal(states.Length, shown.Distinct().Count());
        // Each has words of its own, none the name of the wire.
        Assert.DoesNotContain(shown, p => states.Any(s => string.Equals(s.ToString(), p, StringComparison.Ordinal) && s.ToString().Skip(1).Any(char.IsUpper)));
        Assert.Equal("\u2013", (string?)await _browser.EvaluateAsync("document.querySelector('#volumes > li').querySelectorAll('dd')[3].textContent"));
        Assert.Equal(TrafficRecorder.Kept, (int)(await _browser.EvaluateAsync("document.querySelectorAll('#volumes > li')[2].querySelector('.frame .line.read').getAttribute('d').split('L').length"))!);
        Assert.Contains("certificate", (string?)await _browser.EvaluateAsync("document.getElementById('reason').textContent"), StringComparison.Ordinal);
        var progress = (string?)await _browser.EvaluateAsync("document.querySelectorAll('#volumes > li')[4].querySelector('.progress').textContent");
        Assert.Equal("Brought to the service: 3 GiB of 4 GiB, about 95 s left (75 %)", progress);
        Assert.Equal(2, (int)(await _browser.EvaluateAsync("document.querySelectorAll('#alarm-list li').length"))!);
        Assert.StartsWith("(2) ", (string?)await _browser.EvaluateAsync("document.title"), StringComparison.Ordinal);
        await _browser.LookAllWaysAsync("states");
    }

    /// <summary>The tabulator reaches a link and a button, each with a visible outline.</summary>
    private async Task ReachableByKeyboardAsync(string tag, string button)
    {
        var reached = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            await _browser.PressTabAsync();
            reached.Add((string)(await _browser.EvaluateAsync(
                "document.activeElement.tagName + ':' + document.activeElement.textContent + ':' + getComputedStyle(document.activeElement).outlineStyle"))!);
        }
        Assert.Contains(reached, r => r.StartsWith(tag + ":", StringComparison.Ordinal) && r.EndsWith(":solid", StringComparison.Ordinal));
        Assert.Contains(reached, r => r.Contains($":{button}:solid", StringComparison.Ordinal));
    }
}
