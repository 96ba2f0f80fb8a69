using System.CommandLine;
using Microsoft.Extensions.Hosting.Systemd;
using Tidegate.Client.Proxies;
using Tidegate.Client.Rest;
using Tidegate.GatewayAgent.Activation;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Hooks;
using Tidegate.GatewayAgent.Identity;
using Tidegate.GatewayAgent.Link;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.GatewayAgent.Nbd;
using Tidegate.GatewayAgent.Options;
using Tidegate.GatewayAgent.Shadow;
using Tidegate.GatewayAgent.Support;
using Tidegate.GatewayAgent.Systemd;
using Tidegate.GatewayAgent.Uplink;
using Tidegate.GatewayAgent.Volumes;

namespace Tidegate.GatewayAgent.Commands;

/// <summary><c>tidegate-agent run</c>: the agent itself, until SIGTERM or Ctrl-C.</summary>
internal static class RunCommand
{
    /// <summary>Connections for bulk data: enough to fill a fast uplink, few enough for a slow one.</summary>
    private const int DataConnections = 16;

    public static Command Create()
    {
        var settings = new SettingOptions();
        var command = new Command("run", "Run the agent: activate if needed, serve volumes, shadow every write. Ends in order on SIGTERM or Ctrl-C.");
        settings.AddTo(command);
        command.SetAction((parsed, cancellation) => AgentCommandLine.GuardAsync(() => RunAsync(settings.Read(parsed), cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(AgentOptions options, CancellationToken cancellationToken)
    {
        var nbd = new NbdServerOptions
        {
            Listen = options.Nbd,
            Tls = options.NbdTls,
            Access = options.NbdAccess,
        };
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        using var recent = new RecentLog(TimeProvider.System);
        using var metrics = new MetricsLedger();
        var diagnostics = new AgentDiagnostics(options, recent, metrics);
        AgentLogging.Configure(builder.Logging, recent);
        builder.Services.AddSystemd();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.StopGrace);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(services => new AgentProcess(
            options, CreateParts(options, nbd, diagnostics, services), new ActivationTerminal(AgentCommandLine.Terminal()), services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<IHostApplicationLifetime>(), services.GetRequiredService<ILoggerFactory>()));
        builder.Services.AddHostedService(static services => services.GetRequiredService<AgentProcess>());
        builder.Services.AddHostedService(static services => new TrafficSampler(
            services.GetRequiredService<AgentProcess>().Traffic, services.GetRequiredService<TimeProvider>()));
        if (SystemdHelpers.IsSystemdService())
        {
            builder.Services.AddHostedService(static services => new SystemdWatchdog(
                services.GetRequiredService<ISystemdNotifier>(), services.GetRequiredService<AgentProcess>().Status, services.GetRequiredService<TimeProvider>(),
                SystemdWatchdog.LimitFromEnvironment(Environment.GetEnvironmentVariable, Environment.ProcessId)));
        }
        using var host = builder.Build();
        var process = host.Services.GetRequiredService<AgentProcess>();
        await host.RunAsync(cancellationToken);
        return process.ExitCode;
    }

    private static VolumeOptions OptionsOf(AgentOptions options)
    {
        var volumes = new VolumeOptions { Hydration = new HydrationOptions { FirstTouchTimeout = options.AbsentWait }, FillsAtOnce = options.FillsAtOnce };
        if (options.PassThrough is { } limits)
            (volumes.Shadow.PassAtFill, volumes.Shadow.PassAfterStall, volumes.Shadow.PassAfterFailing) = (limits.Fill, limits.Stall, limits.Failing);
        return volumes;
    }

    private static AgentParts CreateParts(AgentOptions options, NbdServerOptions nbd, AgentDiagnostics diagnostics, IServiceProvider services)
    {
        var time = services.GetRequiredService<TimeProvider>();
        var loggers = services.GetRequiredService<ILoggerFactory>();
        var dialler = new Dialler(options.Proxy, Dialler.HttpLimit, time);
        return new AgentParts
        {
            Nbd = nbd,
            Diagnostics = diagnostics.Collect,
            CreateActivationService = () => new HttpActivationService(options.Service, dialler.AttachTo(PinnedTrust.CreateHandler(options.CaFile)), time),
            CreateCertificateService = static connector => (ICertificateService)connector,
            CreateConnector = credentials => new GrainLinkConnector(
                options.Service, new AddressFile(new LinuxDisk(options.LinkDirectory), loggers.CreateLogger<AddressFile>()), credentials, options.Proxy, time, loggers),
            CreateVolumes = (authorities, link, servingAt) => new VolumeManager(
                new DirectoryVolumeStorage(options.VolumesDirectory),
                new VolumeEnvironment(
                    volumeId => new LinkVolumeService(volumeId, link),
                    new HttpBlobTransport(DataClients.Create(authorities, DataConnections, dialler), time, new BlobTransportOptions()),
                    new SealWorkers(Math.Max(1, Environment.ProcessorCount / 2)),
                    OptionsOf(options), time, loggers)
                {
                    Uplink = new UplinkLimits(options.Uplink, time, loggers.CreateLogger<UplinkLimits>()),
                    Adoptable = new LinuxAdoptableStores(options.AdoptFrom, options.StateDirectory),
                    Hooks = new SnapshotHooks(options.Hooks, new ProcessHookRunner(time), new LinuxDisk(options.HooksDirectory), loggers.CreateLogger<SnapshotHooks>()),
                },
                servingAt),
        };
    }
}
