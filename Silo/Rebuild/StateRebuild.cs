using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Keys;
using Tidegate.Grains.Records;
using Tidegate.Silo.Hosting;
using Tidegate.Silo.Options;
using Tidegate.Silo.Projections;
using Tidegate.Silo.Schema;

namespace Tidegate.Silo.Rebuild;

/// <summary><c>rebuild-state</c>: an empty database, filled from the bucket.</summary>
internal static class StateRebuild
{
    /// <summary>Migrates, rebuilds, and prints what came back; what did not goes to <paramref name="errors"/>.</summary>
    public static async Task RunAsync(SiloSettings settings, IBlobStore blobs, TextWriter output, TextWriter errors, CancellationToken cancellationToken)
    {
        await using var store = new StateStore(settings.State);
        using var logging = LoggerFactory.Create(SiloLogging.Configure);
        await new SchemaMigrator(store, TimeProvider.System, logging.CreateLogger<SchemaMigrator>()).ApplyAsync(cancellationToken);
        await DurabilityCheck.CheckAsync(store, cancellationToken);
        var mark = new RebuildMark(store, TimeProvider.System);
        await mark.BeginAsync(cancellationToken);
        await new ProjectionRebuilder(store, TimeProvider.System).RebuildIfOutdatedAsync(cancellationToken);
        await using var offline = await OfflineStorage.OpenAsync(store, settings.Cluster, cancellationToken);
        var rebuilder = new StateRebuilder(
            blobs,
            new KeyFileProvider(Path.Combine(Path.GetFullPath(settings.State.Directory), SiloApplication.KeyDirectory)),
            offline.Storage,
            offline.Reminders,
            new AuditRestorer(store),
            offline.Serializer,
            TimeProvider.System);
        var report = await rebuilder.RunAsync(words => errors.WriteLine($"Rebuilding: {words}"), cancellationToken);
        await mark.EndAsync(cancellationToken);
        foreach (var (kind, count) in report.Restored.OrderBy(one => one.Key, StringComparer.Ordinal)) await output.WriteLineAsync($"{kind}: {count}");
        await output.WriteLineAsync($"audit entries: {report.AuditEntries}");
        await output.WriteLineAsync($"segments after the newest manifests: {report.FollowedSegments}");
        foreach (var problem in report.Problems) await errors.WriteLineAsync(problem);
        await output.WriteLineAsync(report.Problems.Count == 0 ? "Everything is back." : $"Rebuilt, with {report.Problems.Count} problems (above).");
    }
}
