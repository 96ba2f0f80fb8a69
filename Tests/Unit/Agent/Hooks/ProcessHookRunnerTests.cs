using Microsoft.Extensions.Time.Testing;
using Tidegate.GatewayAgent.Hooks;
using Tidegate.Tests.Kit.Processes;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Agent.Hooks;

/// <summary>Commands of the customer's as processes.</summary>
public sealed class ProcessHookRunnerTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tidegate-hooks-").FullName;
    private readonly ProcessHookRunner _runner = new(TimeProvider.System);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_command_is_told_by_its_environment_and_no_shell_reads_its_arguments()
    {
        var file = Path.Combine(_directory, "told");
        string[] command = ["/bin/sh", "-c", "printf '%s|%s' \"$TIDEGATE_HOOK\" \"$1\" > " + file, "sh", "$(id); *"];
        Assert.Equal("", await RunAsync(command, TimeSpan.FromSeconds(30)));
        Assert.Equal("freeze|$(id); *", await File.ReadAllTextAsync(file));
    }

    [Fact]
    public async Task A_status_other_than_zero_is_told_with_the_last_words()
    {
        var failure = await RunAsync(["/bin/sh", "-c", "echo the database is away >&2; exit 3"], TimeSpan.FromSeconds(30));
        Assert.Contains("status 3", failure, StringComparison.Ordinal);
        Assert.Contains("the database is away", failure, StringComparison.Ordinal);
        Assert.Contains("could not be started", await RunAsync([Path.Combine(_directory, "missing")], TimeSpan.FromSeconds(30)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task At_the_limit_it_is_killed_with_everything_that_it_started()
    {
        var file = Path.Combine(_directory, "children");
        var time = new FakeTimeProvider();
        var running = new ProcessHookRunner(time).RunAsync(
            ["/bin/sh", "-c", $"sleep 600 & echo $! > {file}.new; mv {file}.new {file}; sleep 600"], new Dictionary<string, string>(), TimeSpan.FromSeconds(3), CancellationToken.None);
        await Eventually.TrueAsync("the command runs", () => Task.FromResult(File.Exists(file)));
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.Contains("killed after 3 s", await running.OrHungAsync(), StringComparison.Ordinal);
        var child = $"/proc/{(await File.ReadAllTextAsync(file)).Trim()}/stat";
        await Eventually.TrueAsync("its child is gone", () => Task.FromResult(!File.Exists(child) || File.ReadAllText(child).Contains(") Z", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_child_that_keeps_the_output_open_is_not_waited_for() =>
        Assert.Equal("", await RunAsync(["/bin/sh", "-c", "sleep 5 & exit 0"], TimeSpan.FromSeconds(30)).OrHungAsync());

    private Task<string> RunAsync(string[] command, TimeSpan limit) =>
        _runner.RunAsync(command, new Dictionary<string, string> { ["TIDEGATE_HOOK"] = "freeze" }, limit, CancellationToken.None);
}
