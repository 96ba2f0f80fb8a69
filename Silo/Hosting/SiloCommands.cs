using System.CommandLine;
using Tidegate.Client.Audit;
using Tidegate.Silo.Audit;
using Tidegate.Silo.Blobs;
using Tidegate.Silo.Options;
using Tidegate.Silo.Pki;
using Tidegate.Silo.Projections;
using Tidegate.Silo.Rebuild;
using Tidegate.Silo.Schema;

namespace Tidegate.Silo.Hosting;

/// <summary>
/// The command line. Settings come from environment variables (<c>Tidegate__State__Provider</c>), then the file of
/// <c>--config</c>, then the options here. Exit codes: 0 done, 1 failed, 2 settings or database refused.
/// </summary>
internal static class SiloCommands
{
    private const int Failed = 1;
    private const int Refused = 2;

    private static readonly Option<FileInfo?> Config = new("--config") { Description = "JSON file of settings." };

    private static readonly Option<string>[] Settings =
    [
        Setting("--state", $"{StateOptions.Section}:{nameof(StateOptions.Directory)}", "Directory of this silo's files."),
        Setting("--api", $"{ListenerOptions.Section}:{nameof(ListenerOptions.Api)}", "Address and port of the REST API; port 0 chooses one."),
        Setting("--agents", $"{ListenerOptions.Section}:{nameof(ListenerOptions.Agents)}", "Address and port for agents' activation, discovery and data."),
        Setting("--console", $"{ListenerOptions.Section}:{nameof(ListenerOptions.Console)}", "Address and port of the console; port 0 chooses one, empty opens none."),
        Setting("--link", $"{ListenerOptions.Section}:{nameof(ListenerOptions.Link)}", "Address and port of the guarded link."),
        Setting("--silo-port", $"{ListenerOptions.Section}:{nameof(ListenerOptions.SiloPort)}", "Port for other silos."),
    ];

    /// <summary>The commands; <paramref name="configure"/> is for hosts that bring parts of their own, such as another clock.</summary>
    public static RootCommand Create(Action<WebApplicationBuilder>? configure = null)
    {
        var readyFile = new Option<FileInfo?>("--ready-file") { Description = "File to write, as JSON, once the silo serves." };
        var run = new Command("run", "Runs a silo until it is told to stop (SIGTERM, SIGINT).") { readyFile };
        run.SetAction((parsed, stop) => GuardAsync(() => RunAsync(parsed, parsed.GetValue(readyFile), configure, stop)));
        var migrate = new Command("migrate", "Brings the state database's schema up to date.");
        migrate.SetAction((parsed, stop) => GuardAsync(() => MigrateAsync(parsed, stop)));
        var rebuild = new Command("rebuild-projections", "Makes the lists anew from the audit log.");
        rebuild.SetAction((parsed, stop) => GuardAsync(() => RebuildAsync(parsed, stop)));
        var rebuildState = new Command("rebuild-state", "Fills an empty state database from the bucket and the account keys: everything back. No silo may run.");
        rebuildState.SetAction((parsed, stop) => GuardAsync(() => RebuildStateAsync(parsed, stop)));
        var account = new Option<string?>("--account") { Description = "Only this account's log; '' is the service's own." };
        var keys = new Option<FileInfo[]>("--public-key") { Description = "PEM file of a key to trust instead of the state directory's; may be given several times." };
        var verify = new Command("verify", "Verifies the audit log in the state database: chains, checkpoints and their signatures. Changes nothing.") { account, keys };
        verify.SetAction((parsed, stop) => GuardAsync(() => VerifyAuditAsync(parsed, parsed.GetValue(account), parsed.GetValue(keys) ?? [], stop)));
        var ca = CaCommands.Create(parsed => SiloSettings.Read(Builder(parsed).Configuration), GuardAsync);
        var root = new RootCommand("Tidegate's service: one silo.") { run, migrate, rebuild, rebuildState, new Command("audit", "The audit log: verify.") { verify }, ca };
        foreach (var command in new[] { run, migrate, rebuild, rebuildState, verify }.Concat(ca.Subcommands))
        {
            command.Options.Add(Config);
            foreach (var setting in Settings) command.Options.Add(setting);
        }

        return root;
    }

    private static async Task<int> RunAsync(ParseResult parsed, FileInfo? readyFile, Action<WebApplicationBuilder>? configure, CancellationToken stop)
    {
        var builder = Builder(parsed);
        configure?.Invoke(builder);
        using var startLog = LoggerFactory.Create(SiloLogging.Configure);
        await using var silo = await SiloApplication.CreateAsync(builder, SiloSettings.Read(builder.Configuration), startLog, stop);
        await silo.StartAsync(stop);
        if (readyFile is not null) await silo.Ready.WriteAsync(readyFile.FullName);
        await silo.WaitForShutdownAsync(stop);
        return 0;
    }

    private static async Task<int> MigrateAsync(ParseResult parsed, CancellationToken stop)
    {
        await using var store = new StateStore(SiloSettings.Read(Builder(parsed).Configuration).State);
        using var logging = LoggerFactory.Create(SiloLogging.Configure);
        await new SchemaMigrator(store, TimeProvider.System, logging.CreateLogger<SchemaMigrator>()).ApplyAsync(stop);
        await DurabilityCheck.CheckAsync(store, stop);
        return 0;
    }

    private static async Task<int> RebuildAsync(ParseResult parsed, CancellationToken stop)
    {
        await using var store = new StateStore(SiloSettings.Read(Builder(parsed).Configuration).State);
        using var logging = LoggerFactory.Create(SiloLogging.Configure);
        await new SchemaMigrator(store, TimeProvider.System, logging.CreateLogger<SchemaMigrator>()).CheckAsync(stop);
        var applied = await new ProjectionRebuilder(store, TimeProvider.System).RebuildAsync(stop);
        await System.Console.Out.WriteLineAsync($"Rebuilt the projections from {applied} audit records.");
        return 0;
    }

    private static async Task<int> RebuildStateAsync(ParseResult parsed, CancellationToken stop)
    {
        var settings = SiloSettings.Read(Builder(parsed).Configuration);
        await StateRebuild.RunAsync(settings, await BlobRegistration.OpenAsync(settings.Blobs, stop), System.Console.Out, System.Console.Error, stop);
        return 0;
    }

    private static async Task<int> VerifyAuditAsync(ParseResult parsed, string? accountId, FileInfo[] publicKeys, CancellationToken stop)
    {
        var settings = SiloSettings.Read(Builder(parsed).Configuration);
        await using var store = new StateStore(settings.State);
        using var logging = LoggerFactory.Create(SiloLogging.Configure);
        await new SchemaMigrator(store, TimeProvider.System, logging.CreateLogger<SchemaMigrator>()).CheckAsync(stop);
        var files = publicKeys.Length > 0 ? publicKeys.Select(file => file.FullName) : [Path.Combine(Path.GetFullPath(settings.State.Directory), FileAuditSigningKey.PublicFile)];
        var isSound = await StoredAudit.VerifyAsync(new AuditExport(store), accountId, [.. files.SelectMany(file => AuditKeys.ReadPem(File.ReadAllText(file)))], System.Console.Out, stop);
        return isSound ? 0 : Failed;
    }

    private static WebApplicationBuilder Builder(ParseResult parsed)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        if (parsed.GetValue(Config) is { } file) builder.Configuration.AddJsonFile(file.FullName, optional: false);
        builder.Configuration.AddInMemoryCollection(Settings
            .Where(setting => parsed.GetResult(setting) is { Implicit: false })
            .Select(setting => KeyValuePair.Create(setting.HelpName!, parsed.GetValue(setting))));
        SiloLogging.Configure(builder.Logging);
        return builder;
    }

    /// <summary>Refusals are for people, on standard error; faults keep their stack.</summary>
    private static async Task<int> GuardAsync(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (Exception refusal) when (refusal is SettingsException or SchemaException or CaException)
        {
            await System.Console.Error.WriteLineAsync(refusal.Message);
            return Refused;
        }
        catch (OperationCanceledException)
        {
            return 0;
        }
        catch (Exception fault)
        {
            await System.Console.Error.WriteLineAsync($"The silo failed: {fault}");
            return Failed;
        }
    }

    /// <summary>An option whose value goes to a configuration key, which is also its help name.</summary>
    private static Option<string> Setting(string name, string key, string description) => new(name) { Description = description, HelpName = key };
}
