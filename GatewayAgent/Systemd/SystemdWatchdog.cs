using System.Globalization;
using Microsoft.Extensions.Hosting.Systemd;
using Tidegate.GatewayAgent.LocalConsole;

namespace Tidegate.GatewayAgent.Systemd;

/// <summary>
/// Tells systemd how the agent is (<c>STATUS=</c>) and, where the unit asks for it (<c>WatchdogSec=</c>), that it lives. A sign of life means that
/// every volume could just be asked for its state: an agent whose volumes hang is restarted, one that lacks the service is not.
/// </summary>
internal sealed class SystemdWatchdog(ISystemdNotifier systemd, Func<AgentStatus> status, TimeProvider time, TimeSpan? limit) : BackgroundService
{
    private static readonly TimeSpan StatusInterval = TimeSpan.FromSeconds(10);

    /// <summary>The unit's limit, when it is meant for this process.</summary>
    public static TimeSpan? LimitFromEnvironment(Func<string, string?> variable, int processId) =>
        long.TryParse(variable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds) && microseconds > 0
        && (variable("WATCHDOG_PID") is not { Length: > 0 } pid || pid == processId.ToString(CultureInfo.InvariantCulture))
            ? TimeSpan.FromMicroseconds(microseconds)
            : null;

    /// <summary>One sentence for <c>systemctl status</c>.</summary>
    public static string Describe(AgentStatus status)
    {
        var bad = status.Volumes.Count(static v => v.Status.State is Grains.Interfaces.Gateways.VolumeRunState.Failed or Grains.Interfaces.Gateways.VolumeRunState.Diverged);
        var backlog = status.Volumes.Sum(static v => v.Status.BacklogBytes);
        return string.Create(CultureInfo.InvariantCulture,
            $"{status.State}; {status.Volumes.Count} volumes{(bad > 0 ? $", {bad} need attention" : "")}; {backlog >> 20} MiB not yet at the service");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Half the limit, so that one late sign does no harm.
        using var timer = new PeriodicTimer(limit is { } most && most / 2 < StatusInterval ? most / 2 : StatusInterval, time);
        var said = "";
        try
        {
            do
            {
                var now = Describe(status());
                if (now != said) systemd.Notify(new ServiceState("STATUS=" + now));
                said = now;
                if (limit is not null) systemd.Notify(new ServiceState("WATCHDOG=1"));
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The agent ends.
        }
    }
}
