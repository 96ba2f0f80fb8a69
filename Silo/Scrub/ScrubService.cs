using Dapper;
using Tidegate.Grains.Scrub;
using Tidegate.Silo.Hosting;
using Tidegate.Silo.Options;
using Tidegate.Silo.Schema;

namespace Tidegate.Silo.Scrub;

/// <summary>
/// Looks at every volume in turn, one at a time, and scrubs those that are due: what is stored is read again before it is needed. Volumes
/// that are gone and have snapshots are among them.
/// </summary>
internal sealed partial class ScrubService(
    VolumeScrubber scrubber, StateStore store, Readiness readiness, ScrubOptions options, TimeProvider time, ILogger<ScrubService> log) : BackgroundService
{
    private const int PageSize = 200;

    private const string Page = """
        SELECT id FROM (
            SELECT id FROM resources WHERE kind = 'volume' AND deleted = 0
            UNION SELECT parent_id FROM resources WHERE kind = 'snapshot' AND deleted = 0) AS volumes
        WHERE id > @after ORDER BY id LIMIT @PageSize
        """;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.BytesPerSecond == 0) return;
        try
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromSeconds(options.LookEverySeconds), time, stoppingToken);
                if (readiness.IsReady) await LookAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The silo stops; another goes on from the position that was kept.
        }
    }

    private async Task LookAsync(CancellationToken stop)
    {
        for (var after = ""; ;)
        {
            var volumes = await PageAsync(after, stop);
            if (volumes.Count == 0) return;
            foreach (var volume in volumes) await ScrubAsync(volume, stop);
            after = volumes[^1];
        }
    }

    private Task<List<string>> PageAsync(string after, CancellationToken stop) => store.ReadAsync(
        async connection => (await connection.QueryAsync<string>(new CommandDefinition(Page, new { after, PageSize }, cancellationToken: stop))).AsList(), stop);

    private async Task ScrubAsync(string volumeId, CancellationToken stop)
    {
        try
        {
            if (await scrubber.ScrubAsync(volumeId, TimeSpan.FromHours(options.PeriodHours), options.BytesPerSecond, stop)) LogScrubbed(volumeId);
        }
        catch (Exception failure) when (!stop.IsCancellationRequested)
        {
            LogFailed(failure, volumeId);
        }
    }

    [LoggerMessage(1501, LogLevel.Information, "Volume {Volume} is scrubbed")]
    private partial void LogScrubbed(string volume);

    [LoggerMessage(1502, LogLevel.Warning, "Scrubbing volume {Volume} broke off; it goes on later")]
    private partial void LogFailed(Exception failure, string volume);
}
