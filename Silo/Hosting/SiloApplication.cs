using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;
using Tidegate.BlockStore.Keys;
using Tidegate.Client.Grain;
using Tidegate.Grains.Hosting;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Tenants;
using Tidegate.Silo.Api;
using Tidegate.Silo.Audit;
using Tidegate.Silo.Blobs;
using Tidegate.Silo.Console;
using Tidegate.Silo.Data;
using Tidegate.Silo.Link;
using Tidegate.Silo.Options;
using Tidegate.Silo.Pki;
using Tidegate.Silo.Projections;
using Tidegate.Silo.Rebuild;
using Tidegate.Silo.Schema;
using Tidegate.Silo.Scrub;

namespace Tidegate.Silo.Hosting;

/// <summary>One silo: a web host and an Orleans silo in one process, on one state store.</summary>
internal sealed class SiloApplication : IAsyncDisposable
{
    /// <summary>Where account keys are, in the state directory.</summary>
    public const string KeyDirectory = "keys";

    private const string TicketSecretFile = "ticket.key";
    private const int SecretBytes = 32;

    private readonly WebApplication _app;
    private readonly SiloSettings _settings;
    private readonly IPEndPoint _link;

    private SiloApplication(WebApplication app, SiloSettings settings, IPEndPoint link) => (_app, _settings, _link) = (app, settings, link);

    /// <summary>The running host's services.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>What the ready file says; valid after <see cref="StartAsync"/>.</summary>
    public ReadyFile Ready { get; private set; } = null!;

    /// <summary>Prepares the state directory and database, telling <paramref name="startLog"/>, and builds the host; nothing listens yet.</summary>
    public static async Task<SiloApplication> CreateAsync(
        WebApplicationBuilder builder, SiloSettings settings, ILoggerFactory startLog, CancellationToken cancellationToken)
    {
        var directory = Path.GetFullPath(settings.State.Directory);
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var store = new StateStore(settings.State);
        try
        {
            await PrepareDatabaseAsync(store, settings, startLog, cancellationToken);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }

        var services = builder.Services;
        services.AddSingleton(_ => store);
        var secret = SecretFile.ReadOrCreate(Path.Combine(directory, TicketSecretFile), () => RandomNumberGenerator.GetBytes(SecretBytes));
        AddParts(services, settings, directory, secret);
        await services.AddBlobsAsync(settings.Blobs, new TicketSigner(secret), cancellationToken);
        var issued = await CaUse.HasIssuedAsync(store, cancellationToken);
        var authority = services.AddTidegatePki(settings.Pki.Open(directory, TimeProvider.System, () => CaUse.RefuseToReplace(issued, directory)), TimeProvider.System);
        AddListeners(builder, settings, authority);
        var link = FreePort.Choose(IPEndPoint.Parse(settings.Listeners.Link));
        AddSilo(builder, settings, store, link);
        var app = builder.Build();
        MapAll(app);
        return new SiloApplication(app, settings, link);
    }

    /// <summary>Starts silo and listeners; returns when requests are served.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _app.StartAsync(cancellationToken);
        var bound = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToArray();
        var addresses = _app.Services.GetRequiredService<ServiceAddresses>();
        addresses.ApiUrl = bound[0];
        addresses.ConsoleUrl = bound.Length < 3 ? null : _settings.Listeners.ConsoleUrl is { Length: > 0 } known ? known.TrimEnd('/') : bound[2];
        addresses.AgentsUrl = _settings.Listeners.AgentsUrl.Length > 0 ? _settings.Listeners.AgentsUrl.TrimEnd('/') : bound[1];
        var directory = Path.GetFullPath(_settings.State.Directory);
        var operatorKeyFile = Path.Combine(directory, OperatorKey.FileName);
        await _app.Services.GetRequiredService<OperatorKey>().EnsureAsync(operatorKeyFile);
        Ready = new ReadyFile(bound[0], bound[1], _link.ToString(), Environment.ProcessId, Path.Combine(directory, "ca.pem"), operatorKeyFile, addresses.ConsoleUrl);
        var readiness = _app.Services.GetRequiredService<Readiness>();
        _app.Lifetime.ApplicationStopping.Register(() => readiness.IsReady = false);
        readiness.IsReady = true;
    }

    /// <summary>Waits for the signal to stop, then stops in order: no new requests, grains deactivated, membership left.</summary>
    public Task WaitForShutdownAsync(CancellationToken cancellationToken = default) => _app.WaitForShutdownAsync(cancellationToken);

    /// <summary>Stops as a signal would.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => _app.StopAsync(cancellationToken);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static async Task PrepareDatabaseAsync(StateStore store, SiloSettings settings, ILoggerFactory startLog, CancellationToken cancellationToken)
    {
        var migrator = new SchemaMigrator(store, TimeProvider.System, startLog.CreateLogger<SchemaMigrator>());
        if (settings.State.MigrateAtStart) await migrator.ApplyAsync(cancellationToken);
        else await migrator.CheckAsync(cancellationToken);
        await DurabilityCheck.CheckAsync(store, cancellationToken);
        await RebuildMark.CheckAsync(store, cancellationToken);
        await new ProjectionRebuilder(store, TimeProvider.System).RebuildIfOutdatedAsync(cancellationToken);
    }

    private static void AddParts(IServiceCollection services, SiloSettings settings, string directory, byte[] secret)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(settings.Api).AddSingleton(settings.Data);
        services.AddSingleton<ServiceAddresses>().AddSingleton<Readiness>().AddSingleton<OperatorKey>();
        services.AddSingleton(new PageTokens(secret));
        services.AddConsole(secret);
        services.AddProviderSignIn(settings.IdentityProvider, secret);
        services.AddSingleton<IKeyProvider>(_ => new KeyFileProvider(Path.Combine(directory, KeyDirectory)));
        services.AddSingleton<IOutboxPublisher, SqlOutboxPublisher>();
        services.AddSingleton(settings.Audit).AddSingleton<IAuditSigningKey>(_ => new FileAuditSigningKey(directory));
        services.AddSingleton<AuditSealer>().AddSingleton<AuditExport>().AddHostedService<AuditSealService>();
        services.AddSingleton<ProjectionReader>().AddSingleton<Lists>().AddSingleton<IResourceLists, ResourceLists>().AddSingleton<ApiKeyCache>().AddSingleton<RequestLimits>();
        services.AddSingleton(settings.Compaction.ToOptions()).AddSingleton(settings.Merging.ToOptions());
        services.AddSingleton(settings.Scrub).AddHostedService<ScrubService>();
        services.AddSingleton(settings.Reclaim.ToSettings());
        services.AddTidegateGrains();
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.ConfigureHttpJsonOptions(static options => ApiJson.Configure(options.SerializerOptions));
        services.AddApiDescription();
        services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(30));
    }

    private static void AddListeners(WebApplicationBuilder builder, SiloSettings settings, CertificateAuthority authority)
    {
        var certificate = new ServerCertificate(authority, TimeProvider.System, () => authority.IssueServerCertificate(settings.Listeners.CertificateNames));
        // Whatever keeps the CA from signing keeps the silo from starting, not the first client from connecting.
        _ = certificate.Context;
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, LargeBlocks>();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = settings.Api.MaxBodyBytes;
            kestrel.Limits.MaxConcurrentConnections = 10_000;
            kestrel.Listen(IPEndPoint.Parse(settings.Listeners.Api), listen =>
            {
                listen.Mark(Listener.Api);
                listen.UseHttps(https => ApiTls.Configure(https, certificate));
            });
            kestrel.Listen(IPEndPoint.Parse(settings.Listeners.Agents), listen =>
            {
                listen.Mark(Listener.Agents);
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(https =>
                {
                    https.ServerCertificateSelector = (_, _) => certificate.Certificate;
                    https.SslProtocols = SslProtocols.Tls13;
                    https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                    https.ClientCertificateValidation = (client, _, _) => CertificateTrust.IsTrustedClient(client, authority.Roots, TimeProvider.System);
                });
            });
            // The last: its address is the third of those that the server names.
            if (settings.Listeners.Console.Length == 0) return;
            kestrel.Listen(IPEndPoint.Parse(settings.Listeners.Console), listen =>
            {
                listen.Mark(Listener.Console);
                listen.UseHttps(https => ApiTls.Configure(https, certificate));
            });
        });
    }

    private static void AddSilo(WebApplicationBuilder builder, SiloSettings settings, StateStore store, IPEndPoint link)
    {
        var silo = SiloPort.Choose(Path.GetFullPath(settings.State.Directory), link.Address, settings.Listeners.SiloPort);
        builder.UseOrleans(orleans =>
        {
            orleans.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (settings.Cluster.ClusterId, settings.Cluster.ServiceId));
            orleans.ConfigureEndpoints(link.Address, silo.Port, link.Port);
            orleans.UseStateStore(store);
            orleans.AddTidegateLink(new LinkSettings
            {
                Advertised = link,
                Dial = settings.Listeners.LinkDial.Length > 0 ? settings.Listeners.LinkDial : null,
                CertificateNames = settings.Listeners.CertificateNames,
            });
            orleans.Configure<ClusterMembershipOptions>(options =>
            {
                // A silo that died is known to be dead within 6 s, so that its gateways are back within 10 (M1.9).
                options.ProbeTimeout = TimeSpan.FromSeconds(2);
                options.NumMissedProbesLimit = 3;
                // When all silos died at once, the first one back waits for the others' last signs of life to be this old: 15 s.
                options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
                options.NumMissedTableIAmAliveLimit = 3;
                options.DefunctSiloExpiration = TimeSpan.FromDays(1);
            });
            // What takes longer belongs in the work pool; a turn that does not keep to it is logged.
            orleans.Configure<SchedulingOptions>(options => options.TurnWarningLengthThreshold = TimeSpan.FromMilliseconds(50));
            // An agent that is gone is told of within seconds instead of a minute (M1.8).
            orleans.Configure<SiloMessagingOptions>(options => options.ClientDropTimeout = TimeSpan.FromSeconds(5));
        });
    }

    private static void MapAll(WebApplication app)
    {
        app.UseWhen(static context => context.IsOn(Listener.Console), static console => console.UseMiddleware<ConsoleMiddleware>());
        app.UseWhen(static context => !context.IsOn(Listener.Console), static others => others.UseMiddleware<ProblemMiddleware>());
        app.KeepProviderApart();
        app.UseRouting();
        app.UseListenerRouting();
        app.UseMiddleware<ApiAuthentication>();
        var api = app.MapListener(Listener.Api);
        api.MapHealth();
        api.MapApi();
        api.MapOpenApi("/openapi/{documentName}.json");
        var agents = app.MapListener(Listener.Agents);
        agents.MapAgentActivation();
        agents.MapAgentLinkEndpoints();
        agents.MapAgentCertificateEndpoints();
        app.MapListener(Listener.Console).MapConsole();
        if (app.Services.GetService<DataEndpoint>() is not null) agents.MapDataEndpoint();
    }
}
